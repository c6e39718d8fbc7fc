const perOctave = 64;
const buckets = 32 * perOctave;

/** Counts times in buckets of about one percent; cheap enough for every delivery. */
export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, ms * 1_000)) * perOctave);
    const at = Math.min(buckets - 1, bucket);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total++;
  }

  /** The time in milliseconds below which this share (above 0, to 1) lies; NaN without any. */
  quantile(share: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = share * this.#total;
    let at = 0;
    for (; at < buckets && left > 0; at++) left -= this.#counts[at] ?? 0;
    return 2 ** ((at - 0.5) / perOctave) / 1_000;
  }
}
