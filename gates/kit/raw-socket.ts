import { connect, type Socket } from 'node:net';

export interface RawOptions {
  /** The address to come from: any of 127.0.0.0/8. */
  readonly from?: string;
}

/** How the line ended, and when: milliseconds of `performance.now()`. */
export interface LineEnd {
  readonly how: 'closed' | 'reset';
  readonly at: number;
}

/** A TCP line to a server: bytes out, bytes in, and how it ends. */
export class RawSocket {
  readonly ended: Promise<LineEnd>;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #onBytes: ((bytes: Buffer) => void) | undefined;
  #wake: () => void = () => {};
  #over = false;

  /** Resolves when the line is up. */
  static async connect(port: number, { from }: RawOptions = {}): Promise<RawSocket> {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    const raw = new RawSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return raw;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    let how: LineEnd['how'] = 'closed';
    socket.on('error', () => {
      how = 'reset';
    });
    socket.on('data', (bytes: Buffer) => {
      if (this.#onBytes !== undefined) {
        this.#onBytes(bytes);
        return;
      }
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#over = true;
        this.#wake();
        resolve({ how, at: performance.now() });
      };
      socket.once('end', end);
      socket.once('close', end);
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /** Bytes of ours that the other side has not taken. */
  get unwritten(): number {
    return this.#socket.writableLength;
  }

  /** What came and was not taken yet. */
  get received(): Buffer {
    return this.#received;
  }

  write(bytes: Buffer | string): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Writes piece by piece, each in a turn of its own. */
  async writeInPieces(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#socket.destroyed) return;
      this.#socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** From now on what comes goes there; what came already goes first. */
  pipe(onBytes: (bytes: Buffer) => void): void {
    const received = this.#received;
    this.#received = Buffer.alloc(0);
    this.#onBytes = onBytes;
    if (received.length > 0) onBytes(received);
  }

  /** Takes everything up to and with `mark`; undefined when the line ends before. */
  async takeUntil(mark: string): Promise<string | undefined> {
    for (;;) {
      const at = this.#received.indexOf(mark);
      if (at >= 0) {
        const end = at + Buffer.byteLength(mark);
        const taken = this.#received.toString('latin1', 0, end);
        this.#received = this.#received.subarray(end);
        return taken;
      }
      if (this.#over) return undefined;
      await this.#more();
    }
  }

  /** Takes `count` bytes, or fewer when the line ends before. */
  async take(count: number): Promise<string> {
    while (this.#received.length < count && !this.#over) await this.#more();
    const taken = this.#received.toString('utf8', 0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  /** Sends the end of our side; the other may still talk. */
  finish(): void {
    this.#socket.end();
  }

  /** Stops reading: what comes stays in the kernel. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Cuts the line with a reset instead of an end. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
