/** Refusals in a row after which it is no accident. */
const tolerated = 20;
const shortestMs = 100;
const longestMs = 5_000;
/** Without a refusal for this long, all is forgotten. */
const calmMs = 1_000;

/**
 * How long a connection is not read that goes on although it was told to wait.
 *
 * Refusing costs as much as answering a ping; not reading costs nothing. So the pauses grow while
 * refusals go on, and whoever floods waits in its own line.
 */
export class SlowDown {
  #refused = 0;
  #pauseMs = 0;
  #calmAt = 0;

  /** One more frame was refused; answers how long reading is to pause, or 0. */
  refused(retryAfterMs: number, now: number): number {
    if (now > this.#calmAt) {
      this.#refused = 0;
      this.#pauseMs = 0;
    }
    this.#calmAt = now + this.#pauseMs + calmMs;
    if (++this.#refused < tolerated) return 0;
    this.#refused = 0;
    const wanted = Math.max(shortestMs, retryAfterMs, this.#pauseMs * 2);
    this.#pauseMs = Math.min(longestMs, wanted);
    this.#calmAt = now + this.#pauseMs + calmMs;
    return this.#pauseMs;
  }
}
