import { ParleyError } from '@parley/protocol';
import { FairQueue } from './fair-queue.ts';

interface AdmissionOptions {
  /** How many are being let in at once. */
  readonly atOnce: number;
  /** Who would wait longer is told to come back. */
  readonly longestWaitMs: number;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** What is taken for granted until it was measured, a second. */
const firstGuess = 1_000;
/** The measure is renewed this often, and half of it is the one before. */
const measureMs = 250;
/** Nobody is sent away for less. */
const leastMs = 1_000;
/** The door itself is shut when so many times the longest wait are waiting. */
const shutAt = 2;

/**
 * Lets people in as fast as they can be served, and tells the others when to come back.
 *
 * How long one takes is measured while there is a line. Lanes take turns: one tenant's storm is a
 * line of its own. So more than the machine can take becomes a wait, and never a collapse.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #line = new FairQueue<() => void>();
  #entering = 0;
  /** People let in a second, as last measured. */
  #rate = firstGuess;
  #measuredAt = 0;
  #counted = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
  }

  /** Those who wait. */
  get waiting(): number {
    return this.#line.size;
  }

  /** 0, or the milliseconds after which to come, because far too many wait already. */
  get shutForMs(): number {
    const waitMs = this.#msFor(this.#line.size);
    return waitMs > shutAt * this.#options.longestWaitMs ? this.#comeBackAfter(waitMs) : 0;
  }

  /**
   * Waits for its turn; whoever got in says `leave` when that is done.
   *
   * Throws `unavailable` with the time to come back where the wait would be too long.
   */
  async enter(lane: string): Promise<void> {
    if (this.#entering < this.#options.atOnce) {
      this.#entering++;
      return;
    }
    const before = this.#line.sizeOf(lane);
    const lanes = this.#line.lanes + (before === 0 ? 1 : 0);
    const waitMs = this.#msFor(Math.min((before + 1) * lanes, this.#line.size + 1));
    if (waitMs > this.#options.longestWaitMs) {
      throw new ParleyError('unavailable', { retryAfterMs: this.#comeBackAfter(waitMs) });
    }
    if (this.#line.size === 0) this.#beginToMeasure();
    await new Promise<void>((resolve) => this.#line.push(lane, resolve));
  }

  /** One who got in is served, or gone. */
  leave(): void {
    this.#measure();
    const [next] = this.#line.take(1);
    // The place is handed on: nobody who comes now gets in between.
    if (next === undefined) this.#entering--;
    else next();
  }

  #beginToMeasure(): void {
    this.#measuredAt = this.#now();
    this.#counted = 0;
  }

  #measure(): void {
    if (this.#line.size === 0) return;
    this.#counted++;
    const ms = this.#now() - this.#measuredAt;
    if (ms < measureMs) return;
    this.#rate = Math.max(1, (this.#rate + (this.#counted * 1_000) / ms) / 2);
    this.#beginToMeasure();
  }

  #msFor(people: number): number {
    return (people * 1_000) / this.#rate;
  }

  /** About when the line that stands now is gone, not all at the same time. */
  #comeBackAfter(waitMs: number): number {
    return Math.round(Math.max(leastMs, waitMs * (0.25 + this.#random() / 2)));
  }
}
