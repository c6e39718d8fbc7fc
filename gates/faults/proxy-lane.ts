import type { Socket } from 'node:net';
import type { SeededRandom } from '../kit/seeded-random.ts';

/** What becomes of bytes that go one way. */
export interface LaneFaults {
  /** `hold`: they wait, nothing is lost. `drop`: they are swallowed, and so is the end of the line. */
  readonly flow: 'pass' | 'hold' | 'drop';
  /** Milliseconds that they take, and up to so many more by chance; their order stays. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Infinity is no limit. */
  readonly bytesPerSecond: number;
}

/** The lane of a good network. */
export const plainLane: LaneFaults = {
  flow: 'pass',
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
};

export type Direction = 'toServer' | 'toClient';

/** What becomes of the bytes, each way. */
export type LineFaults = Readonly<Record<Direction, LaneFaults>>;

/** Where a line ends, as seen from now. */
export interface Cut {
  /** How many more are let through; the one after them never arrives. */
  readonly afterBytes: number;
  readonly how: 'close' | 'reset';
}

/** Bytes on their way, or the end of the line that follows them. */
interface Travelling {
  readonly what: Buffer | 'end' | 'reset';
  readonly dueAt: number;
}

/** Beyond this the sender has to wait, as with a full TCP window. */
const mostWaiting = 1024 * 1024;
const slowestStepMs = 20;

/** One way of one connection. */
export class ProxyLane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #random: SeededRandom;
  readonly #onCut: (how: Cut['how']) => void;
  readonly #queue: Travelling[] = [];
  #waiting = 0;
  #faults = plainLane;
  #cut: Cut | undefined;
  #lost = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the last of the queue is due, and when the limited line is free again. */
  #lastDue = 0;
  #freeAt = 0;

  constructor(from: Socket, to: Socket, random: SeededRandom, onCut: (how: Cut['how']) => void) {
    this.#from = from;
    this.#to = to;
    this.#random = random;
    this.#onCut = onCut;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#take('end'));
    from.on('error', () => {});
    from.on('close', (failed: boolean) => {
      // Without an orderly end before it.
      if (failed || !from.readableEnded) this.#take('reset');
    });
    to.on('drain', () => this.#flow());
  }

  get lost(): boolean {
    return this.#lost;
  }

  apply(faults: LaneFaults): void {
    this.#faults = faults;
    this.#pump();
  }

  /** Undefined takes one back that has not happened yet. */
  cut(cut: Cut | undefined): void {
    this.#cut = cut;
  }

  /** Nothing goes this way any more. */
  swallow(): void {
    this.#lost = true;
    this.#queue.length = 0;
    this.#waiting = 0;
    this.#flow();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #take(what: Travelling['what']): void {
    if (this.#stopped || this.#lost) return;
    if (this.#faults.flow === 'drop') {
      this.swallow();
      return;
    }
    const { delayMs, jitterMs } = this.#faults;
    const takes = delayMs + (jitterMs > 0 ? this.#random.next() * jitterMs : 0);
    this.#lastDue = Math.max(this.#lastDue, performance.now() + takes);
    this.#queue.push({ what, dueAt: this.#lastDue });
    if (typeof what !== 'string') this.#waiting += what.length;
    this.#pump();
    this.#flow();
  }

  /** Sends what is due, and sets the clock for the next. */
  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#faults.flow === 'hold') return;
    if (this.#faults.flow === 'drop' && this.#queue.length > 0) {
      this.swallow();
      return;
    }
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const now = performance.now();
      const wait = Math.max(next.dueAt, this.#freeAt) - now;
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), wait);
        return;
      }
      this.#queue.shift();
      this.#send(next, now);
      if (this.#stopped) return;
    }
    this.#flow();
  }

  #send({ what, dueAt }: Travelling, now: number): void {
    if (what === 'end') {
      this.#to.end();
    } else if (what === 'reset') {
      this.#onCut('reset');
    } else {
      const step = this.#step(what);
      if (step.length < what.length) {
        this.#queue.unshift({ what: what.subarray(step.length), dueAt });
      }
      this.#waiting -= step.length;
      this.#freeAt = now + (step.length * 1000) / this.#faults.bytesPerSecond;
      this.#write(step);
    }
  }

  /** On a slow line bytes go in small steps, so that it is slow and not late. */
  #step(bytes: Buffer): Buffer {
    const { bytesPerSecond } = this.#faults;
    if (bytesPerSecond === Number.POSITIVE_INFINITY) return bytes;
    return bytes.subarray(0, Math.max(1, Math.floor((bytesPerSecond * slowestStepMs) / 1000)));
  }

  #write(bytes: Buffer): void {
    const cut = this.#cut;
    if (cut === undefined || bytes.length <= cut.afterBytes) {
      if (cut !== undefined) this.#cut = { ...cut, afterBytes: cut.afterBytes - bytes.length };
      if (!this.#to.destroyed) this.#to.write(bytes);
      return;
    }
    this.#cut = undefined;
    this.#to.write(bytes.subarray(0, cut.afterBytes), () => this.#onCut(cut.how));
    // Nothing more, until the last bytes are with the system.
    this.#lost = true;
    this.#queue.length = 0;
  }

  #flow(): void {
    const full = this.#waiting + this.#to.writableLength > mostWaiting;
    if (full && !this.#from.isPaused()) this.#from.pause();
    if (!full && this.#from.isPaused()) this.#from.resume();
  }
}
