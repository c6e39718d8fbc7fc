import {
  type CommandInput,
  type CommandResult,
  type CommandType,
  ParleyError,
  type ServerEvent,
  type WireError,
} from '@parley/protocol';
import { WebSocket } from 'ws';

interface Waiting {
  readonly matches: (event: ServerEvent) => boolean;
  readonly resolve: (event: ServerEvent) => void;
}

type Reply = { readonly id?: number; readonly result?: unknown; readonly error?: WireError };

const closedReply: Reply = {
  error: new ParleyError('unavailable', { message: 'closed' }).toWire(),
};

/** A raw client: speaks frames, keeps every event in the order of arrival. */
export class TestSocket {
  readonly events: ServerEvent[] = [];
  /** Replies that repeated no known id: to frames whose id could not be read. */
  readonly strayErrors: WireError[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  #waiting: Waiting[] = [];
  readonly #strayWaiting: ((error: WireError) => void)[] = [];
  #nextId = 1;

  static async open(
    url: string,
    options: { readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<TestSocket> {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      headers: { ...options.headers },
    });
    const test = new TestSocket(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return test;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(String(data)));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        for (const reply of this.#replies.values()) reply(closedReply);
        resolve({ code, reason: String(reason) });
      });
    });
  }

  /** Asks; throws the error reply as ParleyError. */
  async ask<T extends CommandType>(type: T, input: WireInput<T>): Promise<CommandResult<T>> {
    const reply = await this.reply({ ...input, id: this.#nextId, type });
    if (reply.error !== undefined) {
      const { code, message, field, retry_after_ms } = reply.error;
      throw new ParleyError(code, {
        message,
        ...(field === undefined ? {} : { field }),
        ...(retry_after_ms === undefined ? {} : { retryAfterMs: retry_after_ms }),
      });
    }
    // The server under test is what vouches for the shape; the tests look at the values.
    return reply.result as CommandResult<T>;
  }

  /** Sends a frame with an id of its own and waits for the reply, whatever it is. */
  reply(frame: Readonly<Record<string, unknown>>): Promise<Reply> {
    const id = this.#nextId++;
    if (this.#socket.readyState === WebSocket.CLOSED) return Promise.resolve(closedReply);
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
      this.sendRaw(JSON.stringify({ ...frame, id }));
    });
  }

  sendRaw(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** The next error that names no request. */
  strayError(): Promise<WireError> {
    return new Promise((resolve) => this.#strayWaiting.push(resolve));
  }

  /** The first event, past or to come, that matches. */
  event<E extends ServerEvent['event']>(
    name: E,
    matches: (event: EventOf<E>) => boolean = () => true,
  ): Promise<EventOf<E>> {
    type Wanted = EventOf<E>;
    const isWanted = (event: ServerEvent): event is Wanted =>
      event.event === name && matches(event as Wanted);
    const past = this.events.find(isWanted);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => {
      this.#waiting.push({
        matches: isWanted,
        resolve: (event) => {
          if (isWanted(event)) resolve(event);
        },
      });
    });
  }

  /** Settles when everything sent to this connection before now has arrived. */
  async settled(): Promise<void> {
    await this.ask('ping', {});
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  /** Cuts the line without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  #take(text: string): void {
    const frame: unknown = JSON.parse(text);
    if (typeof frame !== 'object' || frame === null) throw new Error(`not a frame: ${text}`);
    if ('event' in frame) this.#takeEvent(frame as ServerEvent);
    else this.#takeReply(frame as Reply);
  }

  #takeEvent(event: ServerEvent): void {
    this.events.push(event);
    const due = this.#waiting.filter((one) => one.matches(event));
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve(event);
  }

  #takeReply(reply: Reply): void {
    const waiting = reply.id === undefined ? undefined : this.#replies.get(reply.id);
    if (waiting !== undefined && reply.id !== undefined) {
      this.#replies.delete(reply.id);
      waiting(reply);
    } else if (reply.error !== undefined) {
      this.strayErrors.push(reply.error);
      this.#strayWaiting.shift()?.(reply.error);
    }
  }
}

type EventOf<E extends ServerEvent['event']> = ServerEvent & { readonly event: E };

/** A command's input as it goes on the wire: maps are objects there. */
export type WireInput<T extends CommandType> = {
  [K in keyof CommandInput<T>]: CommandInput<T>[K] extends ReadonlyMap<string, infer V> | undefined
    ? Readonly<Record<string, V>>
    : CommandInput<T>[K];
};
