import { ParleyError } from '@parley/protocol';
import { bounds } from './bounds.ts';
import type { Ledger } from './ledger.ts';
import { type Rate, type RateName, rateNames, rates } from './rates.ts';
import { SharedCounts } from './shared-counts.ts';
import { SharedWindow } from './shared-window.ts';
import type { SlidingWindow } from './sliding-window.ts';
import { Windows } from './windows.ts';

interface LimitsOptions {
  /** Multiplies every limit; 0 switches them all off. */
  readonly scale: number;
  /** Counts together with other nodes; without, this node counts for itself. */
  readonly ledger?: Ledger | undefined;
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
  readonly #shared: SharedCounts | undefined;
  readonly #sweeping: NodeJS.Timeout | undefined;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#scaled = forEach((name) => scaled(rates[name], options.scale));
    const { ledger } = options;
    this.#shared = ledger === undefined ? undefined : new SharedCounts({ ledger, now: this.#now });
    this.#windows = forEach((name) => new Windows(bounds.countedKeys, windowFor(name, ledger)));
    if (options.scale > 0) {
      this.#sweeping = setInterval(() => this.sweep(), sweepMs);
      this.#sweeping.unref();
    }
  }

  /**
   * Counts one use by this key; answers 0, or the milliseconds until one is allowed again.
   *
   * At once, unless other nodes must be asked: then within about 100 ms.
   */
  take(name: RateName, key: string): number | Promise<number> {
    const { scale, allowedFor } = this.#options;
    if (scale === 0) return 0;
    const own = allowedFor?.(name, key);
    const rate =
      own === undefined ? this.#scaled[name] : scaled({ ...rates[name], allowed: own }, scale);
    const now = this.#now();
    const window = this.#windows[name].of(key, rate, now);
    if (this.#shared === undefined || !(window instanceof SharedWindow)) {
      return this.#told(name, window.take(rate, now));
    }
    const waitMs = this.#shared.take(window, rate);
    if (typeof waitMs === 'number') return this.#told(name, waitMs);
    return waitMs.then((answered) => this.#told(name, answered));
  }

  /** The same in a window that the caller keeps: where there is one for each thing anyway. */
  takeIn(window: SlidingWindow, name: RateName): number {
    if (this.#options.scale === 0) return 0;
    return this.#told(name, window.take(this.#scaled[name], this.#now()));
  }

  /**
   * Counts one use by this key. Throws `rate_limited` with the time to wait, or rejects with it where
   * other nodes must be asked; nothing is returned where they need not.
   */
  spend(name: RateName, key: string): Promise<void> | undefined {
    const waitMs = this.take(name, key);
    if (typeof waitMs !== 'number') return waitMs.then(refuseTooSoon);
    refuseTooSoon(waitMs);
    return undefined;
  }

  /** Forgets who did nothing lately. */
  sweep(): void {
    const now = this.#now();
    for (const name of rateNames) this.#windows[name].sweep(this.#scaled[name], now);
  }

  close(): void {
    clearInterval(this.#sweeping);
    this.#shared?.close();
  }

  #told(name: RateName, waitMs: number): number {
    if (waitMs > 0) this.#options.onRefused?.(name);
    return waitMs;
  }
}

function refuseTooSoon(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new ParleyError('rate_limited', { retryAfterMs });
}

function windowFor(
  name: RateName,
  ledger: Ledger | undefined,
): ((key: string) => SlidingWindow) | undefined {
  return ledger === undefined ? undefined : (key) => new SharedWindow(`${name}:${key}`);
}

function scaled(rate: Rate, scale: number): Rate {
  return { ...rate, allowed: Math.max(1, Math.round(rate.allowed * scale)) };
}

function forEach<T>(make: (name: RateName) => T): Readonly<Record<RateName, T>> {
  const made = Object.fromEntries(rateNames.map((name) => [name, make(name)]));
  return made as Readonly<Record<RateName, T>>;
}
