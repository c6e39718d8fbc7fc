import {
  closeCodes,
  type HelloResult,
  mayReconnect,
  ParleyError,
  type ServerEvent,
} from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { Line } from '../line/line.ts';
import type { ConnectionState } from '../snapshots.ts';
import type { Cell } from '../store.ts';
import { Timer } from '../timer.ts';
import { isRefusal, providerMs, type Tokens } from '../token/tokens.ts';
import { askedForMs, backoffMs, pauseMs } from './backoff.ts';
import { Heartbeat } from './heartbeat.ts';

/** Opening the line and saying hello may take this long. */
const openMs = 15_000;
/** A connection that lasted less does not end the backoff. */
const stableMs = 5_000;
/** After it has refused a hello the server closes the line, and says by the code what to do. */
const goodbyeMs = 1_000;
/**
 * Many host products date tokens by whole seconds: one signed in the second of a revocation is too old
 * already, and so would be all others of that second.
 */
const tokenSecondMs = 1_000;
/** An installation that is full is asked again after seconds rather than at once. */
const overloadedAttempt = 4;
const full: ReadonlySet<number> = new Set([
  closeCodes.overloaded.code,
  closeCodes.tooManyConnections.code,
]);

interface MonitorParts {
  readonly address: string;
  /** Name and version of this client, for the server's log. */
  readonly name: string;
  readonly tokens: Tokens;
  readonly state: Cell<ConnectionState>;
  /** Hello was said. Returns why not, when this is not for us. */
  online(line: Line, hello: HelloResult): string | undefined;
  offline(): void;
  /** Closed for good, or until `connect` is called again. */
  closed(): void;
  event(event: ServerEvent): void;
}

/**
 * Decides when to connect, and when a line is dead.
 *
 * The intent (`connect`, `disconnect`) is apart from the state: whatever happens, the state moves
 * towards the last intent.
 */
export class Monitor {
  readonly #env: Environment;
  readonly #parts: MonitorParts;
  readonly #timer: Timer;
  #wanted = false;
  #line: Line | null = null;
  #heartbeat: Heartbeat | null = null;
  #attempt = 0;
  /** When the line was lost, or first wanted. */
  #since = 0;
  #onlineAt: number | null = null;
  #triedAt = 0;
  /** Between two tries. */
  #pausing = false;
  #drainMs: number | undefined;
  /** Hello was refused; the close that follows says whether to come back. */
  #refusal: ParleyError | null = null;
  /** Makes what an earlier try left behind harmless. */
  #turn = 0;
  /** Events that came before the answer to hello was dealt with. */
  readonly #early: ServerEvent[] = [];
  #stopListening = () => {};

  constructor(env: Environment, parts: MonitorParts) {
    this.#env = env;
    this.#parts = parts;
    this.#timer = new Timer(env);
  }

  connect(): void {
    if (this.#wanted) {
      if (this.#pausing) this.#try();
      return;
    }
    this.#wanted = true;
    this.#attempt = 0;
    this.#since = this.#env.now();
    this.#stopListening = this.#env.device.listen(() => this.#deviceChanged());
    this.#try();
  }

  disconnect(): void {
    this.#end({ status: 'closed', reason: 'disconnected' });
  }

  #end(state: ConnectionState): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#stopListening();
    this.#drop();
    this.#parts.closed();
    this.#parts.state.set(state);
  }

  #refuse(message: string): void {
    this.#end({ status: 'closed', reason: 'refused', message });
  }

  #try(): void {
    const turn = ++this.#turn;
    this.#pausing = false;
    this.#attempt++;
    this.#triedAt = this.#env.now();
    this.#show({ status: 'connecting', attempt: this.#attempt, since: this.#since });
    this.#timer.set(providerMs, () => this.#failed());
    this.#parts.tokens.get().then(
      (token) => {
        if (turn === this.#turn) this.#open(token);
      },
      (error) => {
        if (turn !== this.#turn) return;
        if (isRefusal(error)) this.#refuse(error.message);
        else this.#failed();
      },
    );
  }

  #open(token: string): void {
    const turn = this.#turn;
    this.#timer.set(openMs, () => this.#failed());
    const line = new Line(this.#env, this.#parts.address, {
      opened: () => {
        line.request('hello', { token, client: this.#parts.name }, openMs).then(
          (hello) => {
            if (turn === this.#turn) this.#online(line, hello);
          },
          (error) => {
            if (turn === this.#turn) this.#helloRefused(error);
          },
        );
      },
      event: (event) => {
        if (event.event === 'drain') this.#drainMs = event.retry_after_ms;
        else if (this.#onlineAt !== null) this.#parts.event(event);
        else this.#early.push(event);
      },
      closed: (code, reason) => this.#closed(code, reason),
      doubted: () => this.#heartbeat?.suspect(),
    });
    this.#line = line;
  }

  #online(line: Line, hello: HelloResult): void {
    this.#timer.clear();
    const refusal = this.#parts.online(line, hello);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    // A listener may have disconnected.
    if (this.#line !== line) return;
    const now = this.#env.now();
    this.#onlineAt = now;
    this.#parts.tokens.accepted({
      line,
      expiresAt: hello.expires_at,
      aheadMs: Date.parse(hello.server_time) - now,
      refuse: (message) => this.#refuse(message),
    });
    this.#heartbeat = new Heartbeat(this.#env, line, hello.heartbeat_ms, () => this.#failed(0));
    for (const event of this.#early.splice(0)) this.#parts.event(event);
    if (this.#line === line) this.#parts.state.set({ status: 'online', since: now });
  }

  #helloRefused(error: unknown): void {
    const refusal =
      error instanceof ParleyError ? error : new ParleyError('internal', { cause: error });
    this.#refusal = refusal;
    this.#timer.set(goodbyeMs, () => this.#refused(refusal));
  }

  #refused({ code, retryAfterMs, retryable, message }: ParleyError): void {
    if (code === 'unauthorized') this.#unauthorized(message);
    else if (retryable) this.#failed(pauseMs(this.#attempt, retryAfterMs, this.#env.random));
    else this.#refuse(message);
  }

  #unauthorized(message: string): void {
    if (!this.#parts.tokens.refused()) this.#refuse(message);
    else if (this.#onlineAt !== null) this.#failed();
    else this.#failed(tokenSecondMs + backoffMs(this.#attempt, this.#env.random));
  }

  #closed(code: number, reason: string): void {
    const refusal = this.#refusal;
    const waitMs = refusal?.retryAfterMs;
    if (full.has(code)) this.#attempt = Math.max(this.#attempt, overloadedAttempt);
    if (code === closeCodes.unauthorized.code) this.#unauthorized(refusal?.message ?? reason);
    else if (code === closeCodes.accessEnded.code) {
      this.#end({ status: 'closed', reason: 'ended', message: reason });
    } else if (!mayReconnect(code)) {
      this.#refuse(refusal?.message || reason || 'The server closed the connection for good.');
    } else if (refusal !== null && !full.has(code)) this.#refused(refusal);
    // The server has spread those whom it drains: each comes back exactly when it was told.
    else if (this.#drainMs !== undefined) this.#failed(this.#drainMs);
    else this.#failed(waitMs === undefined ? undefined : askedForMs(waitMs, this.#env.random));
  }

  /** The line is lost or was never there; the next try comes after this time, or the backoff. */
  #failed(waitMs?: number): void {
    if (this.#onlineAt !== null) {
      if (this.#env.now() - this.#onlineAt >= stableMs) this.#attempt = 0;
      this.#since = this.#env.now();
    }
    this.#drop();
    if (!this.#wanted) return;
    this.#pausing = true;
    const ms = waitMs ?? backoffMs(Math.max(this.#attempt, 1), this.#env.random);
    const retryAt = this.#env.now() + ms;
    this.#show({ status: 'waiting', attempt: this.#attempt, since: this.#since, retryAt });
    this.#timer.set(ms, () => this.#try());
  }

  /** Leaves everything of the present line or try behind. */
  #drop(): void {
    this.#turn++;
    this.#pausing = false;
    this.#timer.clear();
    this.#heartbeat?.stop();
    this.#heartbeat = null;
    this.#drainMs = undefined;
    this.#refusal = null;
    this.#early.length = 0;
    this.#parts.tokens.pause();
    const line = this.#line;
    const wasOnline = this.#onlineAt !== null;
    this.#line = null;
    this.#onlineAt = null;
    line?.close();
    if (wasOnline) this.#parts.offline();
  }

  /** While the device says that it has no network, tries go on but are not shown. */
  #show(state: ConnectionState): void {
    const offline = !this.#env.device.isOnline();
    this.#parts.state.set(offline ? { status: 'offline', since: this.#since } : state);
  }

  #deviceChanged(): void {
    if (this.#heartbeat !== null) this.#heartbeat.suspect();
    else if (this.#pausing) this.#try();
    // A try from before the change may hang on the old network.
    else if (this.#env.now() - this.#triedAt > 3_000) this.#failed(0);
  }
}
