import { ParleyError } from '@parley/protocol';
import { bounds } from './bounds.ts';
import { type Rate, type RateName, rateNames, rates } from './rates.ts';
import type { SlidingWindow } from './sliding-window.ts';
import { Windows } from './windows.ts';

interface LimitsOptions {
  /** Multiplies every limit; 0 switches them all off. */
  readonly scale: number;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  /** What a key may do instead of what the table says, such as a tenant with a larger plan. */
  readonly allowedFor?: (name: RateName, key: string) => number | undefined;
  /** Told of each refusal, for the figures. */
  readonly onRefused?: (name: RateName) => void;
}

const sweepMs = 60_000;

/** Counts what people, tenants, keys and addresses do, and says when it is too often. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #now: () => number;
  readonly #scaled: Readonly<Record<RateName, Rate>>;
  readonly #windows: Readonly<Record<RateName, Windows>>;
  readonly #sweeping: NodeJS.Timeout | undefined;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#scaled = forEach((name) => scaled(rates[name], options.scale));
    this.#windows = forEach(() => new Windows(bounds.countedKeys));
    if (options.scale > 0) {
      this.#sweeping = setInterval(() => this.sweep(), sweepMs);
      this.#sweeping.unref();
    }
  }

  /** Counts one use by this key; answers 0, or the milliseconds until one is allowed again. */
  take(name: RateName, key: string): number {
    const { scale, allowedFor } = this.#options;
    if (scale === 0) return 0;
    const own = allowedFor?.(name, key);
    const rate =
      own === undefined ? this.#scaled[name] : scaled({ ...rates[name], allowed: own }, scale);
    return this.#told(name, this.#windows[name].take(key, rate, this.#now()));
  }

  /** The same in a window that the caller keeps: where there is one for each thing anyway. */
  takeIn(window: SlidingWindow, name: RateName): number {
    if (this.#options.scale === 0) return 0;
    return this.#told(name, window.take(this.#scaled[name], this.#now()));
  }

  /** Counts one use by this key. Throws `rate_limited` with the time to wait. */
  spend(name: RateName, key: string): void {
    const retryAfterMs = this.take(name, key);
    if (retryAfterMs > 0) throw new ParleyError('rate_limited', { retryAfterMs });
  }

  /** Forgets who did nothing lately. */
  sweep(): void {
    const now = this.#now();
    for (const name of rateNames) this.#windows[name].sweep(this.#scaled[name], now);
  }

  close(): void {
    clearInterval(this.#sweeping);
  }

  #told(name: RateName, waitMs: number): number {
    if (waitMs > 0) this.#options.onRefused?.(name);
    return waitMs;
  }
}

function scaled({ allowed, windowMs }: Rate, scale: number): Rate {
  return { allowed: Math.max(1, Math.round(allowed * scale)), windowMs };
}

function forEach<T>(make: (name: RateName) => T): Readonly<Record<RateName, T>> {
  const made = Object.fromEntries(rateNames.map((name) => [name, make(name)]));
  return made as Readonly<Record<RateName, T>>;
}
