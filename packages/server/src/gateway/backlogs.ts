import { bounds } from '../limits/bounds.ts';

/** Output that waits for a client that does not read. */
interface Backlog {
  /** What it keeps of memory, in bytes. */
  readonly backlog: number;
  /** Goes on, if it can. */
  flush(): void;
  tooSlow(): void;
}

const sweepMs = 1_000;
/** Who has waited less is only behind for a moment. */
const patientMs = 2_000;
/** What remains where there was too much. */
const keptShare = 0.75;

/**
 * Bounds what all connections together keep for clients that do not read: the largest fall first.
 *
 * Each has a bound of its own; a thousand of those at once would still be a gigabyte.
 */
export class Backlogs {
  readonly #since = new Map<Backlog, number>();
  readonly #timer = setInterval(() => this.sweep(performance.now()), sweepMs).unref();

  add(one: Backlog): void {
    this.#since.set(one, performance.now());
  }

  delete(one: Backlog): void {
    this.#since.delete(one);
  }

  /** `now` is of the monotonic clock, in milliseconds. */
  sweep(now: number): void {
    // What another write than theirs had blocked hears of its end here.
    for (const one of [...this.#since.keys()]) one.flush();
    const stalled = [...this.#since]
      .filter(([, since]) => now - since >= patientMs)
      .map(([one]) => ({ one, bytes: one.backlog }));
    let total = stalled.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= bounds.stalledBytes) return;
    for (const { one, bytes } of stalled.sort((a, b) => b.bytes - a.bytes)) {
      if (total <= bounds.stalledBytes * keptShare) return;
      total -= bytes;
      one.tooSlow();
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
