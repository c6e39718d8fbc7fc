import { createHash, randomBytes } from 'node:crypto';
import { frame, opcode } from './client-frame.ts';
import { type RawOptions, RawSocket } from './raw-socket.ts';
import { type ServerFrame, ServerFrames } from './server-frames.ts';

/** The head of an HTTP answer, read without a library. */
export interface RawHead {
  readonly status: number;
  /** Lower-case names; the values of repeated ones in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

interface UpgradeOptions extends RawOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A WebSocket of bare bytes: nothing between us and the server's frames. */
export class RawWebSocket {
  readonly line: RawSocket;
  /** Everything that came, in order, unless somebody listens. */
  readonly frames: ServerFrame[] = [];
  /** Gets each text instead of its being kept. */
  onText: ((text: string) => void) | undefined;
  /** Whoever writes frames in pieces must not: a pong would come in the middle of one. */
  answersPings = true;
  readonly #reader: ServerFrames;
  #wake: () => void = () => {};

  /** Connects and upgrades. Throws when the answer is not 101. */
  static async open(port: number, options: UpgradeOptions = {}): Promise<RawWebSocket> {
    const line = await RawSocket.connect(port, options);
    const key = randomBytes(16).toString('base64');
    line.write(upgradeRequest(port, { ...options, key }));
    const head = await readHead(line);
    if (head?.status !== 101 || head.headers.get('sec-websocket-accept')?.[0] !== acceptOf(key)) {
      line.destroy();
      throw new Error(`the upgrade was answered with ${head?.status ?? 'nothing'}`);
    }
    return new RawWebSocket(line);
  }

  /** Takes over a line whose upgrade has been answered. */
  constructor(line: RawSocket) {
    this.line = line;
    this.#reader = new ServerFrames((one) => this.#take(one));
    line.pipe((bytes) => {
      this.#reader.read(bytes);
      this.#wake();
    });
    void line.ended.then(() => this.#wake());
  }

  /** What the server's frames break of RFC 6455. */
  get faults(): readonly string[] {
    return this.#reader.faults;
  }

  /** Bytes of a frame that did not come whole. */
  get rest(): number {
    return this.#reader.rest;
  }

  /** The code of the server's close frame; 1005 when it has none, undefined before it. */
  get closeCode(): number | undefined {
    const close = this.frames.find((one) => one.opcode === opcode.close);
    if (close === undefined) return undefined;
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE();
  }

  /** The texts that came, in order. */
  get texts(): string[] {
    return this.frames
      .filter((one) => one.opcode === opcode.text)
      .map(({ payload }) => payload.toString('utf8'));
  }

  write(bytes: Buffer): void {
    this.line.write(bytes);
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(payload: string): void {
    this.write(frame({ opcode: opcode.text, payload }));
  }

  /** Resolves with true when it is so, with false when the line ends or the time passes before. */
  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    for (;;) {
      if (isSo()) return true;
      const left = end - performance.now();
      if (this.line.over || left <= 0) return isSo();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #take(one: ServerFrame): void {
    if (one.opcode === opcode.ping && this.answersPings) {
      this.write(frame({ opcode: opcode.pong, payload: one.payload }));
    }
    if (one.opcode === opcode.text && this.onText !== undefined) {
      this.onText(one.payload.toString('utf8'));
    } else this.frames.push(one);
  }

  /** Says hello with a request id and waits for the answer, whatever it is. */
  async hello(token: string, id = 1): Promise<boolean> {
    this.send({ id, type: 'hello', token });
    return this.until(
      () => this.texts.some((text) => text.startsWith(`{"id":${id},"result"`)),
      10_000,
    );
  }
}

/** The upgrade request that browsers send; `headers` add to it. */
export function upgradeRequest(
  port: number,
  { path = '/v1/ws', key, headers = {} }: Omit<UpgradeOptions, 'from'> & { readonly key: string },
): string {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
    `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
    `${more.join('')}\r\n`
  );
}

/** What proves that a server has read the key (RFC 6455, 4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** Reads the head of an answer; undefined when the line ends without one. */
export async function readHead(line: RawSocket): Promise<RawHead | undefined> {
  const text = await line.takeUntil('\r\n\r\n');
  if (text === undefined) return undefined;
  const [first = '', ...lines] = text.slice(0, -4).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const one of lines) {
    const colon = one.indexOf(':');
    const name = one.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), one.slice(colon + 1).trim()]);
  }
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0), headers };
}
