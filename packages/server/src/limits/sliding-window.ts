import type { Rate } from './rates.ts';

/** Uses within a short span of time; they go out of the window together, with the last of them. */
interface Span {
  readonly from: number;
  last: number;
  count: number;
}

/** Spans of a window: the fewer, the less memory; each may hold uses back by its own length. */
const spansPerWindow = 50;

/**
 * Counts uses in the window that ends now.
 *
 * Never lets through more than is allowed in any window; under a steady flood at most 2 % less.
 * Memory follows use: nothing while idle, at most 51 spans. Times are monotonic milliseconds.
 */
export class SlidingWindow {
  readonly #spans: Span[] = [];
  #count = 0;

  /** Uses within the window when it was last looked at. */
  get count(): number {
    return this.#count;
  }

  /** Uses within the window that ends now. */
  countAt({ windowMs }: Rate, now: number): number {
    this.#forget(now - windowMs);
    return this.#count;
  }

  /** How much memory it takes. */
  get spans(): number {
    return this.#spans.length;
  }

  /** Counts one use; answers 0, or the milliseconds until one is allowed again. */
  take(rate: Rate, now: number): number {
    const waitMs = this.waitFor(rate, now);
    if (waitMs > 0) return waitMs;
    const newest = this.#spans.at(-1);
    if (newest !== undefined && now - newest.from < rate.windowMs / spansPerWindow) {
      newest.last = now;
      newest.count++;
    } else {
      this.#spans.push({ from: now, last: now, count: 1 });
    }
    this.#count++;
    return 0;
  }

  /** Answers 0 while a use is allowed, or the milliseconds until one is; counts nothing. */
  waitFor({ allowed, windowMs }: Rate, now: number): number {
    this.#forget(now - windowMs);
    if (this.#count < allowed) return 0;
    return this.#untilFree(this.#count - allowed + 1, windowMs, now);
  }

  /** Whether forgetting this window changes nothing. */
  isIdle(windowMs: number, now: number): boolean {
    return (this.#spans.at(-1)?.last ?? Number.NEGATIVE_INFINITY) <= now - windowMs;
  }

  #forget(until: number): void {
    for (let [oldest] = this.#spans; oldest !== undefined && oldest.last <= until; ) {
      this.#count -= oldest.count;
      this.#spans.shift();
      [oldest] = this.#spans;
    }
  }

  #untilFree(places: number, windowMs: number, now: number): number {
    let free = 0;
    for (const span of this.#spans) {
      free += span.count;
      if (free >= places) return Math.max(1, Math.ceil(span.last + windowMs - now));
    }
    return windowMs;
  }
}
