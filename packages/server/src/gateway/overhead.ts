import type { Duplex } from 'node:stream';
import { bounds } from '../limits/bounds.ts';

/** The most that a frame's head takes. */
const headBytes = 14;

/**
 * What a connection sends beside its messages: heads of parts, of pings, of empty frames.
 *
 * A message in a thousand empty parts counts as one frame everywhere else, and costs as much as a
 * thousand. What is read and not looked at yet counts, too: the bound is far above that.
 */
export class Overhead {
  readonly #stream: Duplex;
  #base = 0;
  #told = 0;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.beat();
  }

  /** A message of so many bytes came; answers whether too much came beside messages since the last beat. */
  isTooMuch(messageBytes: number): boolean {
    this.#told += messageBytes + headBytes;
    return this.#read() - this.#base - this.#told > bounds.overheadBytes;
  }

  /** Begins anew, with our heartbeat. */
  beat(): void {
    this.#base = this.#read();
    this.#told = 0;
  }

  #read(): number {
    return 'bytesRead' in this.#stream ? Number(this.#stream.bytesRead) : 0;
  }
}
