import type { Duplex } from 'node:stream';
import {
  type CloseReason,
  closeCodes,
  limits,
  ParleyError,
  type ReplyFrame,
  type ServerEvent,
} from '@parley/protocol';
import type { WebSocket } from 'ws';
import { type AccessFault, closeReasonOf } from '../access/access-ended.ts';
import type { PageOrigin } from '../doors/origins.ts';
import type { Exit } from '../presence/presence.ts';
import type { Scope, Session } from '../scope.ts';
import type { Backlogs } from './backlogs.ts';
import type { Flusher } from './flusher.ts';
import { Intake } from './intake.ts';
import { Outflow } from './outflow.ts';
import { Overhead } from './overhead.ts';
import type { Outlet } from './person.ts';
import { textFrame } from './text-frame.ts';

/** A connection before and after its hello; what exists in which state. */
export type ConnectionState =
  | { readonly status: 'greeting' }
  /** The token was good; whether it still is, is being asked. Nothing is told meanwhile. */
  | { readonly status: 'joining'; readonly outlet: Outlet }
  | {
      readonly status: 'open';
      readonly scope: Scope;
      readonly session: Session;
      readonly outlet: Outlet;
      /** Takes the person's presence back. */
      readonly exit: Exit;
    }
  | { readonly status: 'closed' };

interface ConnectionOptions {
  readonly socket: WebSocket;
  /** The stream below the WebSocket, which ready frames are written to. */
  readonly stream: Duplex;
  /** What the client's address counts as. */
  readonly address: string;
  readonly origin: PageOrigin | undefined;
  readonly flusher: Flusher;
  readonly backlogs: Backlogs;
  /** When the client came, on the monotonic clock. */
  readonly since: number;
  /** Hello was answered. */
  readonly onOpen: () => void;
  /** It begins to close. */
  readonly onClosing: (reason: CloseReason) => void;
  /** Its access has ended: it is nobody's any more, although the socket may still be closing. */
  readonly onCut: () => void;
}

/** However late the upgrade came, hello has this long. */
const leastHelloMs = 1_000;
/** Who has said hello waits this long for the answer before it is told to come back. */
const greetingMs = 30_000;
const closeHandshakeMs = 2_000;
/** Who reads slowly reads the reason late; meanwhile it keeps nothing here. */
const slowCloseMs = 10_000;
/** The same for who has not said who they are: nobody to be waited for. */
const strangerCloseMs = 150;
/** Whose access has ended is not waited for: after this the socket is gone, answered or not. */
const cutMs = 400;
/** Events held back while it is asked whether access still stands; more than this is no greeting. */
const heldBytes = 1024 * 1024;
/** The longest time that a timer can wait, 24 days; a token that lives longer is asked for again then. */
const longestTimerMs = 2_147_483_647;

/** A ping without a text (RFC 6455, 5.5.2). */
const pingFrame = Buffer.from([0x89, 0x00]);

/** One WebSocket, and what is known of who is behind it. */
export class Connection {
  readonly socket: WebSocket;
  readonly address: string;
  readonly origin: PageOrigin | undefined;
  readonly intake: Intake;
  /** People this connection watches. */
  readonly watched = new Set<string>();
  /** Conversations in which this connection said that its person types. */
  readonly typingIn = new Set<string>();
  /** Names its person among all tenants, for counting. */
  personKey = '';
  state: ConnectionState = { status: 'greeting' };
  /** When something was heard of it last, and when it was pinged last; of the monotonic clock. */
  heardAt: number;
  pingedAt: number;
  /** Pings and pongs since the last heartbeat. */
  controlFrames = 0;
  readonly overhead: Overhead;
  /** It closes: what still arrives is nobody's wish any more. */
  closing = false;
  /** Access ended while it was greeting, for this reason: hello is answered so. */
  refused: AccessFault | undefined;
  readonly #outflow: Outflow;
  readonly #onOpen: () => void;
  readonly #onClosing: (reason: CloseReason) => void;
  readonly #onCut: () => void;
  readonly #sessions = new Set<Session>();
  /** What was said since it joined, until hello is answered. */
  #held: Buffer[] | undefined;
  #heldBytes = 0;
  /** A hello is being answered. */
  #isGreeting = false;
  /** Ends the connection: before hello for want of one, later when the token expires. */
  #deadline: NodeJS.Timeout;

  constructor(options: ConnectionOptions) {
    this.socket = options.socket;
    this.address = options.address;
    this.origin = options.origin;
    this.intake = new Intake(options.socket);
    this.overhead = new Overhead(options.stream);
    this.heardAt = options.since;
    this.pingedAt = options.since;
    this.#onOpen = options.onOpen;
    this.#onClosing = options.onClosing;
    this.#onCut = options.onCut;
    this.#outflow = new Outflow({
      stream: options.stream,
      flusher: options.flusher,
      backlogs: options.backlogs,
      onSlow: () => this.close('slowConsumer'),
    });
    const left = options.since + limits.helloMs - performance.now();
    this.#deadline = this.#closeIn(Math.max(leastHelloMs, left), 'helloTimeout');
  }

  /** Answers a hello: one at a time, and nothing more is read until it is answered. */
  async greet<T>(answer: () => T | Promise<T>): Promise<T> {
    if (this.#isGreeting) {
      throw new ParleyError('bad_request', { message: 'Hello was said already.' });
    }
    this.#isGreeting = true;
    this.intake.hold();
    try {
      return await answer();
    } finally {
      this.#isGreeting = false;
      this.intake.release();
    }
  }

  /** Hello was said in time; how long its answer takes is not the client's fault. */
  heard(): void {
    clearTimeout(this.#deadline);
    this.#deadline = this.#closeIn(greetingMs, 'overloaded');
  }

  /** Gives it an outlet, which holds back what it hears until the connection is open. */
  join(scope: Scope, session: Session): Outlet {
    const outlet: Outlet = {
      scope,
      sessions: this.#sessions,
      send: (frame) => this.#hear(frame),
      end: (fault) => this.#endAccess(fault),
    };
    this.#sessions.add(session);
    this.#held = [];
    this.#heldBytes = 0;
    this.refused = undefined;
    this.state = { status: 'joining', outlet };
    return outlet;
  }

  /** It was not let in; what it held is nobody's. */
  unjoin(): void {
    this.#held = undefined;
    this.#sessions.clear();
    if (this.state.status === 'joining') this.state = { status: 'greeting' };
  }

  /** Makes it somebody's connection, until the token expires. */
  open(outlet: Outlet, session: Session, exit: Exit, expiresInMs: number): void {
    this.state = { status: 'open', scope: outlet.scope, session, outlet, exit };
    this.#outflow.lane = outlet.scope.tenant;
    this.personKey = `${outlet.scope.tenant} ${outlet.scope.user}`;
    this.#onOpen();
    this.#extend(expiresInMs);
    // The answer to hello goes first.
    setImmediate(() => this.#release());
  }

  /** A newer token is looked at: from now on the connection falls with its session, too. */
  consider(session: Session): void {
    this.#sessions.add(session);
  }

  /** It was no good; the connection goes on with what it has. */
  dismiss(session: Session): void {
    this.#sessions.delete(session);
  }

  /** It is good: the connection lives by it alone, and longer. */
  renew(session: Session, expiresInMs: number): void {
    if (this.state.status !== 'open') return;
    this.#sessions.delete(this.state.session);
    this.state = { ...this.state, session };
    this.#extend(expiresInMs);
  }

  /** The socket is gone; answers what the connection was. */
  end(): ConnectionState {
    const { state } = this;
    this.state = { status: 'closed' };
    this.#held = undefined;
    this.#outflow.end('drop');
    clearTimeout(this.#deadline);
    return state;
  }

  reply(frame: ReplyFrame): void {
    this.#outflow.reply(textFrame(JSON.stringify(frame)));
  }

  /** Pings it, in its turn like everything else. */
  ping(now: number): void {
    this.pingedAt = now;
    this.controlFrames = 0;
    this.overhead.beat();
    this.#outflow.tell(pingFrame);
  }

  tell(event: ServerEvent): void {
    this.#outflow.tell(textFrame(JSON.stringify(event)));
  }

  /** Closes with a reason of the table, after what is queued; a client that does not answer is cut. */
  close(reason: CloseReason): void {
    if (!this.closing) this.#onClosing(reason);
    this.closing = true;
    // Who reads too slowly gets no more: so the code comes as soon as it can.
    this.#outflow.end(reason === 'slowConsumer' ? 'drop' : 'write');
    this.#closeSocket(reason, this.#closePatienceMs(reason));
  }

  #closePatienceMs(reason: CloseReason): number {
    if (this.state.status !== 'open') return strangerCloseMs;
    return reason === 'slowConsumer' ? slowCloseMs : closeHandshakeMs;
  }

  #closeSocket(reason: CloseReason, patienceMs: number): void {
    const { code, reason: text } = closeCodes[reason];
    this.socket.close(code, text);
    setTimeout(() => this.socket.terminate(), patienceMs).unref();
  }

  /**
   * Closes without a further word. What is queued may have been committed after the end of access:
   * it is dropped, and whoever comes back gets it by sync.
   */
  #endAccess(fault: AccessFault): void {
    if (this.state.status === 'joining') {
      this.refused ??= fault;
      return;
    }
    if (!this.closing) this.#onClosing(closeReasonOf(fault));
    this.closing = true;
    this.#outflow.end('drop');
    this.#closeSocket(closeReasonOf(fault), cutMs);
    this.#onCut();
  }

  #hear(frame: Buffer): void {
    if (this.#held === undefined) {
      this.#outflow.tell(frame);
      return;
    }
    if (this.closing) return;
    this.#held.push(frame);
    this.#heldBytes += frame.length;
    if (this.#heldBytes > heldBytes) this.close('overloaded');
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) this.#outflow.tell(frame);
  }

  #extend(expiresInMs: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = this.#closeIn(expiresInMs, 'unauthorized');
  }

  #closeIn(ms: number, reason: CloseReason): NodeJS.Timeout {
    const wait = Math.max(0, Math.min(ms, longestTimerMs));
    return setTimeout(() => this.close(reason), wait).unref();
  }
}
