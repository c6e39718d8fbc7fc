/**
 * A token bucket: `burst` at once, `perSecond` for ever.
 *
 * `scale` multiplies both; 0 switches the limit off. `now` is monotonic, in milliseconds.
 */
export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(options: {
    readonly perSecond: number;
    readonly burst: number;
    readonly scale: number;
    readonly now: number;
  }) {
    this.#perMs = (options.perSecond * options.scale) / 1_000;
    this.#burst = options.burst * options.scale;
    this.#tokens = this.#burst;
    this.#at = options.now;
  }

  /** Takes one; answers 0, or the milliseconds until there is one. */
  take(now: number): number {
    if (this.#perMs === 0) return 0;
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return Math.ceil((1 - this.#tokens) / this.#perMs);
  }
}
