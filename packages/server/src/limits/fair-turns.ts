import { ParleyError } from '@parley/protocol';
import { FairQueue } from './fair-queue.ts';

interface FairTurnsOptions {
  /** Pieces of work at once. */
  readonly most: number;
  /** Of these, what one lane may have. */
  readonly each: number;
  /** Pieces of one lane that wait; more are refused. */
  readonly waiting: number;
  /** The same of all lanes; as many as come unless given. */
  readonly waitingInAll?: number;
  /** How long a piece waits for its turn, in milliseconds; for ever unless given. */
  readonly waitMs?: number;
}

interface Waiting {
  readonly lane: string;
  readonly start: () => void;
  readonly refuse: (error: ParleyError) => void;
  /** Of the monotonic clock. */
  readonly until: number;
}

const retryAfterMs = 1_000;
/** How often it is looked for pieces that have waited too long. */
const sweepMs = 250;

/**
 * Lets a few pieces of work run at once, and takes turns between lanes.
 *
 * One that asks for everything waits behind itself; another's single question is next in line.
 */
export class FairTurns {
  readonly #options: FairTurnsOptions;
  readonly #running = new Map<string, number>();
  readonly #waiting = new FairQueue<Waiting>();
  #total = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  /** Does the work when it is its turn. Throws `unavailable` when too much waits, or for too long. */
  async take<T>(lane: string, work: () => T | Promise<T>): Promise<T> {
    if (!this.#begin(lane)) await this.#wait(lane);
    try {
      return await work();
    } finally {
      this.#end(lane);
    }
  }

  #wait(lane: string): Promise<void> {
    const { waiting, waitingInAll = Number.POSITIVE_INFINITY, waitMs } = this.#options;
    if (this.#waiting.sizeOf(lane) >= waiting || this.#waiting.size >= waitingInAll) {
      throw new ParleyError('unavailable', { retryAfterMs });
    }
    return new Promise((start, refuse) => {
      const until = performance.now() + (waitMs ?? Number.POSITIVE_INFINITY);
      this.#waiting.push(lane, { lane, start, refuse, until });
      if (waitMs !== undefined) this.#sweep ??= setInterval(() => this.#giveUp(), sweepMs);
    });
  }

  /** Refuses what has waited too long: the place would be spent on somebody who is gone. */
  #giveUp(): void {
    const now = performance.now();
    for (const { refuse } of this.#waiting.takeWhile(({ until }) => until <= now)) {
      refuse(new ParleyError('unavailable', { retryAfterMs }));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
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
