import { FairQueue } from '../limits/fair-queue.ts';

/** Something with output that waits for the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Between two looks at the clock. */
const chunk = 128;
/** Writing stops after this long, so that others are read and heard in between. */
const sliceMs = 5;
/** Who falls behind further than this is written out whole: then reading waits, as it should. */
const behindMs = 100;

/**
 * Writes what connections have queued, once per turn of the event loop, tenants by turns.
 *
 * One tenant's message to ten thousand people takes longer than another's question may wait: so it is
 * written in slices, and whoever has little comes first.
 */
export class Flusher {
  readonly #waiting = new FairQueue<Flushable>();
  #isScheduled = false;
  #since = 0;

  /** Writes this at the end of the turn; `lane` is the tenant. */
  add(lane: string, output: Flushable): void {
    this.#waiting.push(lane, output);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#since = performance.now();
    setImmediate(() => this.#run());
  }

  #run(): void {
    const started = performance.now();
    const until = started - this.#since > behindMs ? Number.POSITIVE_INFINITY : started + sliceMs;
    try {
      do {
        for (const output of this.#waiting.take(chunk)) output.flush();
      } while (this.#waiting.size > 0 && performance.now() < until);
    } finally {
      this.#isScheduled = this.#waiting.size > 0;
      if (this.#isScheduled) setImmediate(() => this.#run());
    }
  }
}
