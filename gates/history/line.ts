import type { ServerEvent, WireError } from '@parley/protocol';
import { WebSocket } from 'ws';

/** What came of a request. `unknown`: no answer, so nobody knows whether it was carried out. */
export type LineAnswer =
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: WireError }
  | { readonly type: 'unknown'; readonly why: string };

interface LineOptions {
  /** The address of the socket. */
  readonly url: string;
  readonly token: string;
  readonly onEvent?: (event: ServerEvent) => void;
  readonly openMs?: number;
}

type Frame = {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: WireError;
  readonly event?: string;
};

const openMs = 4_000;
const answerMs = 8_000;

/** A socket after its hello, as bare as can be: it never repeats, never reconnects, never waits long. */
export class Line {
  readonly #socket: WebSocket;
  readonly #onEvent: ((event: ServerEvent) => void) | undefined;
  readonly #waiting = new Map<number, (answer: LineAnswer) => void>();
  /** Resolves when the line is gone. */
  readonly closed: Promise<void>;
  #ended: string | undefined;
  #requests = 0;

  /** Opens a socket and says hello; rejects when that fails or takes too long. */
  static async open(options: LineOptions): Promise<Line> {
    const patience = options.openMs ?? openMs;
    const socket = new WebSocket(options.url, {
      perMessageDeflate: false,
      handshakeTimeout: patience,
    });
    const line = new Line(socket, options.onEvent);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const hello = await line.ask('hello', { token: options.token }, patience);
    if (hello.type === 'result') return line;
    line.cut();
    throw new Error(`hello: ${hello.type === 'error' ? hello.error.code : hello.why}`);
  }

  private constructor(socket: WebSocket, onEvent?: (event: ServerEvent) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    socket.on('message', (data) => this.#take(String(data)));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', (code) => {
        this.#end(`the line was closed with ${code}`);
        resolve();
      });
    });
  }

  get open(): boolean {
    return this.#ended === undefined;
  }

  /** Asks, and waits so long at most; a line that does not answer is cut. */
  ask(type: string, input: object, ms = answerMs): Promise<LineAnswer> {
    const ended = this.#ended;
    if (ended !== undefined) return Promise.resolve({ type: 'unknown', why: ended });
    const id = ++this.#requests;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.cut(`no answer to ${type} in ${ms} ms`), ms);
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      this.#socket.send(JSON.stringify({ ...input, id, type }));
    });
  }

  /** Ends it without a word; whatever was asked stays unknown. */
  cut(why = 'the line was cut'): void {
    this.#end(why);
    this.#socket.terminate();
  }

  #end(why: string): void {
    this.#ended ??= why;
    for (const answer of this.#waiting.values()) answer({ type: 'unknown', why });
    this.#waiting.clear();
  }

  #take(text: string): void {
    // After a cut nothing is heard, also of what had arrived already.
    if (this.#ended !== undefined) return;
    // Many only write: what they do not listen to need not be read.
    if (this.#onEvent === undefined && text.startsWith('{"event"')) return;
    // The server under test is what vouches for the shape.
    const frame = JSON.parse(text) as Frame;
    if (frame.event !== undefined) {
      this.#onEvent?.(frame as ServerEvent);
      return;
    }
    const waiting = this.#waiting.get(frame.id ?? -1);
    if (waiting === undefined) return;
    this.#waiting.delete(frame.id ?? -1);
    if (frame.error !== undefined) waiting({ type: 'error', error: frame.error });
    else waiting({ type: 'result', result: frame.result });
  }
}
