const baseMs = 500;
const capMs = 10_000;

/**
 * How long to wait before the n-th try (from 1), in milliseconds: full jitter.
 *
 * Anything from nothing to 500 ms, 1 s, 2 s, ... 10 s, so that clients cut off together do not
 * come back together.
 */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** (attempt - 1)));
}

/** As long as the server asked for, and up to as long again, so that those asked together spread. */
export function askedForMs(retryAfterMs: number, random: () => number): number {
  return Math.floor(retryAfterMs + random() * Math.max(retryAfterMs, baseMs));
}

/** What to wait after a failure: what the server asked for, else the backoff. */
export function pauseMs(
  attempt: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number {
  return retryAfterMs === undefined ? backoffMs(attempt, random) : askedForMs(retryAfterMs, random);
}
