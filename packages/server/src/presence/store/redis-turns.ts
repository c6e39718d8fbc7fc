/** A reading of Redis' clock. */
interface Reading {
  readonly micros: number;
  /** When it was taken, on our monotonic clock. */
  readonly at: number;
}

/**
 * The newest turn that this node has seen or given out.
 *
 * Redis gives out turns by its clock in microseconds, always above those before. What happens here
 * while Redis is away takes turns by what its clock would show, so that they are newer than all that
 * was told before and older than what Redis will tell; our own wall clock does not matter.
 */
export class RedisTurns {
  #newest = 0;
  #reading: Reading | undefined;

  get newest(): number {
    return this.#newest;
  }

  /** Redis has answered with this turn, at this time of its clock. */
  learn(turn: number, micros: number): void {
    this.#newest = Math.max(this.#newest, turn);
    this.#reading = { micros, at: performance.now() };
  }

  /** A turn for what Redis does not know of. */
  next(): number {
    const { micros, at } = this.#reading ?? { micros: 0, at: performance.now() };
    const now = Math.floor(micros + (performance.now() - at) * 1_000);
    this.#newest = Math.max(this.#newest + 1, now);
    return this.#newest;
  }
}
