import type { Duplex } from 'node:stream';
import {
  type CloseReason,
  closeCodes,
  limits,
  type ReplyFrame,
  type ServerEvent,
} from '@parley/protocol';
import type { WebSocket } from 'ws';
import type { Scope } from '../scope.ts';
import { Outflow } from './outflow.ts';
import type { Outlet } from './person.ts';
import type { RateLimit } from './rate-limit.ts';
import { textFrame } from './text-frame.ts';
import { Turns } from './turns.ts';

/** A connection before and after its hello; what exists in which state. */
export type ConnectionState =
  | { readonly status: 'greeting' }
  | {
      readonly status: 'open';
      readonly scope: Scope;
      readonly outlet: Outlet;
      /** Takes the person's presence back. */
      readonly exit: () => void;
    }
  | { readonly status: 'closed' };

/** Where the page that opened the connection comes from; `trusted`: our own, or of ALLOWED_ORIGINS. */
export interface PageOrigin {
  readonly value: string;
  readonly trusted: boolean;
}

interface ConnectionOptions {
  readonly socket: WebSocket;
  /** The stream below the WebSocket, which ready frames are written to. */
  readonly stream: Duplex;
  readonly origin: PageOrigin | undefined;
  readonly rate: RateLimit;
}

/** Requests under way, at most: then nothing more is read until half are answered. */
const requestsUnderWay = 128;
/** Of those, this many ask the database at once: one client must not fill the pool. */
const questionsAtOnce = 8;
/** Who has said hello waits this long for the answer before it is told to come back. */
const greetingMs = 30_000;
const closeHandshakeMs = 2_000;
/** The longest time that a timer can wait, 24 days; a token that lives longer is asked for again then. */
const longestTimerMs = 2_147_483_647;

/** One WebSocket, and what is known of who is behind it. */
export class Connection {
  readonly socket: WebSocket;
  readonly origin: PageOrigin | undefined;
  readonly rate: RateLimit;
  /** People this connection watches. */
  readonly watched = new Set<string>();
  /** Conversations in which this connection said that its person types. */
  readonly typingIn = new Set<string>();
  state: ConnectionState = { status: 'greeting' };
  /** Heartbeats since anything was heard. */
  silentBeats = 0;
  /** Turns of the requests that ask the database. */
  readonly turns = new Turns(questionsAtOnce);
  /** It closes: what still arrives is nobody's wish any more. */
  closing = false;
  /** Frames refused since the connection came, for being too many or no frames at all. */
  refusedFrames = 0;
  readonly #outflow: Outflow;
  #underWay = 0;
  /** Ends the connection: before hello for want of one, later when the token expires. */
  #deadline: NodeJS.Timeout;

  constructor(options: ConnectionOptions) {
    this.socket = options.socket;
    this.origin = options.origin;
    this.rate = options.rate;
    this.#outflow = new Outflow({
      stream: options.stream,
      onSlow: () => this.close('slowConsumer'),
    });
    this.#deadline = this.#closeIn(limits.helloMs, 'helloTimeout');
  }

  /** Hello was said in time; how long its answer takes is not the client's fault. */
  heard(): void {
    clearTimeout(this.#deadline);
    this.#deadline = this.#closeIn(greetingMs, 'overloaded');
  }

  /** Makes it somebody's connection, until the token expires. */
  open(scope: Scope, exit: () => void, expiresInMs: number): Outlet {
    const outlet: Outlet = { scope, send: (frame) => this.#outflow.tell(frame) };
    this.state = { status: 'open', scope, outlet, exit };
    this.extend(expiresInMs);
    return outlet;
  }

  /** A newer token lives longer. */
  extend(expiresInMs: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = this.#closeIn(expiresInMs, 'unauthorized');
  }

  /** The socket is gone; answers what the connection was. */
  end(): ConnectionState {
    const { state } = this;
    this.state = { status: 'closed' };
    this.#outflow.end();
    clearTimeout(this.#deadline);
    return state;
  }

  reply(frame: ReplyFrame): void {
    this.#outflow.reply(textFrame(JSON.stringify(frame)));
  }

  tell(event: ServerEvent): void {
    this.#outflow.tell(textFrame(JSON.stringify(event)));
  }

  /** Counts a request in; reading pauses while too many are under way. */
  begin(): void {
    if (++this.#underWay === requestsUnderWay) this.socket.pause();
  }

  finish(): void {
    if (--this.#underWay === requestsUnderWay / 2) this.socket.resume();
  }

  /** Closes with a reason of the table, after what is queued; a client that does not answer is cut. */
  close(reason: CloseReason): void {
    this.closing = true;
    this.#outflow.flush();
    this.#outflow.end();
    const { code, reason: text } = closeCodes[reason];
    this.socket.close(code, text);
    setTimeout(() => this.socket.terminate(), closeHandshakeMs).unref();
  }

  #closeIn(ms: number, reason: CloseReason): NodeJS.Timeout {
    const wait = Math.max(0, Math.min(ms, longestTimerMs));
    return setTimeout(() => this.close(reason), wait).unref();
  }
}
