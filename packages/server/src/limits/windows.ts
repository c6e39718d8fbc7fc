import type { Rate } from './rates.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Windows looked at, when there is no room, to find the one that is missed least. */
const looked = 8;
/** As many as this while all of them are busy ones; the next time it goes on behind them. */
const lookedAtMost = 1_000;

/**
 * A sliding window for each key, of a bounded number of keys.
 *
 * When all places are taken, a new key takes that of an idle one, or of the least used of a few. So
 * a flood of new keys turns out its own kind: who is near the limit keeps being counted.
 */
export class Windows {
  readonly #most: number;
  readonly #make: (key: string) => SlidingWindow;
  readonly #windows = new Map<string, SlidingWindow>();
  /** Where to look on: from the start every time would walk over all that were deleted there. */
  #hand: MapIterator<[string, SlidingWindow]> | undefined;

  constructor(most: number, make: (key: string) => SlidingWindow = () => new SlidingWindow()) {
    this.#most = most;
    this.#make = make;
  }

  get size(): number {
    return this.#windows.size;
  }

  /** Counts one use by this key; answers 0, or the milliseconds until one is allowed again. */
  take(key: string, rate: Rate, now: number): number {
    return this.of(key, rate, now).take(rate, now);
  }

  /** The window of this key; a new one, if need be in another's place. */
  of(key: string, rate: Rate, now: number): SlidingWindow {
    let window = this.#windows.get(key);
    if (window === undefined) {
      if (this.#windows.size >= this.#most) this.#makeRoom(rate, now);
      window = this.#make(key);
      this.#windows.set(key, window);
    }
    return window;
  }

  /** Forgets the keys that were not used within the window. */
  sweep({ windowMs }: Rate, now: number): void {
    for (const [key, window] of this.#windows) {
      if (window.isIdle(windowMs, now)) this.#windows.delete(key);
    }
  }

  #makeRoom({ allowed, windowMs }: Rate, now: number): void {
    let least: { readonly key: string; readonly count: number } | undefined;
    for (let n = 0; n < lookedAtMost; n++) {
      if (least !== undefined && n >= looked && least.count * 10 <= allowed) break;
      const next = this.#next();
      if (next === undefined) break;
      const [key, window] = next;
      const count = window.isIdle(windowMs, now) ? 0 : window.count;
      if (least === undefined || count < least.count) least = { key, count };
      if (count === 0) break;
    }
    if (least !== undefined) this.#windows.delete(least.key);
  }

  #next(): [string, SlidingWindow] | undefined {
    this.#hand ??= this.#windows.entries();
    let { value } = this.#hand.next();
    if (value === undefined) {
      this.#hand = this.#windows.entries();
      ({ value } = this.#hand.next());
    }
    return value;
  }
}
