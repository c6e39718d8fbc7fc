import { WebSocket } from 'ws';

const answerMs = 20_000;

/** A raw socket of one person: keeps the text of what it hears. */
export class Line {
  #heard: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (text: string) => void>();
  #id = 0;
  #closed = false;

  /** Opens a socket and says hello, unless there is no token. */
  static async open(url: string, token?: string): Promise<Line> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const line = new Line(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    if (token !== undefined) await line.ask({ type: 'hello', token });
    return line;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      for (const resolve of this.#waiting.values()) resolve('closed');
    });
    socket.on('message', (data) => {
      const text = String(data);
      this.#heard.push(text);
      // Replies begin with their id; events have none.
      const id = /^\{"id":(\d+),/.exec(text)?.[1];
      if (id === undefined) return;
      const resolve = this.#waiting.get(Number(id));
      this.#waiting.delete(Number(id));
      resolve?.(text.replace(`{"id":${id},`, '{'));
    });
  }

  /** What came since this was last asked, replies and events. */
  take(): string[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** The reply's bytes, without the id; `closed` when the line went first. */
  ask(frame: object): Promise<string> {
    if (this.#closed) return Promise.resolve('closed');
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`no answer to ${JSON.stringify(frame)}`));
      }, answerMs);
      this.#waiting.set(id, (text) => {
        clearTimeout(late);
        resolve(text);
      });
      this.#socket.send(JSON.stringify({ ...frame, id }));
    });
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.close();
    });
  }
}
