import { ParleyError } from '@parley/protocol';
import { FairQueue } from './fair-queue.ts';

interface FairTurnsOptions {
  /** Pieces of work at once. */
  readonly most: number;
  /** Of these, what one lane may have. */
  readonly each: number;
  /** Pieces of one lane that wait; more are refused. */
  readonly waiting: number;
}

const retryAfterMs = 1_000;

/**
 * Lets a few pieces of work run at once, and takes turns between lanes.
 *
 * One that asks for everything waits behind itself; another's single question is next in line.
 */
export class FairTurns {
  readonly #options: FairTurnsOptions;
  readonly #running = new Map<string, number>();
  readonly #waiting = new FairQueue<{ readonly lane: string; readonly start: () => void }>();
  #total = 0;

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  /** Does the work when it is its turn. Throws `unavailable` when too much waits in this lane. */
  async take<T>(lane: string, work: () => T | Promise<T>): Promise<T> {
    if (!this.#begin(lane)) {
      if (this.#waiting.sizeOf(lane) >= this.#options.waiting) {
        throw new ParleyError('unavailable', { retryAfterMs });
      }
      await new Promise<void>((start) => this.#waiting.push(lane, { lane, start }));
    }
    try {
      return await work();
    } finally {
      this.#end(lane);
    }
  }

  /** Takes a place for one piece of work, where there is one. */
  #begin(lane: string): boolean {
    if (this.#total >= this.#options.most || this.#left(lane) <= 0) return false;
    this.#started(lane);
    return true;
  }

  #end(lane: string): void {
    this.#total--;
    const running = (this.#running.get(lane) ?? 1) - 1;
    if (running > 0) this.#running.set(lane, running);
    else this.#running.delete(lane);
    // The place is handed on at once: nobody who comes now gets in between.
    for (const next of this.#waiting.take(1, (waiting) => this.#left(waiting))) {
      this.#started(next.lane);
      next.start();
    }
  }

  #started(lane: string): void {
    this.#total++;
    this.#running.set(lane, (this.#running.get(lane) ?? 0) + 1);
  }

  #left(lane: string): number {
    return this.#options.each - (this.#running.get(lane) ?? 0);
  }
}
