import { useRef } from 'preact/hooks';

/** A wait that is shorter than this is not worth a word. */
const patienceMs = 3_000;

/**
 * Whether to say that sending is slower for a moment: from the first longer wait until all has gone.
 *
 * `slowedUntil` as in the conversation's snapshot.
 */
export function useSlowed(slowedUntil: number | null): boolean {
  const told = useRef({ until: slowedUntil, slowed: false });
  told.current = slowedAfter(told.current, slowedUntil, Date.now());
  return told.current.slowed;
}

interface Slowed {
  readonly until: number | null;
  readonly slowed: boolean;
}

/** How it goes on when another time is told; the same time told again changes nothing. */
export function slowedAfter(before: Slowed, until: number | null, now: number): Slowed {
  if (until === null) return { until, slowed: false };
  if (until === before.until && (before.slowed || until <= now)) return before;
  return { until, slowed: before.slowed || until - now > patienceMs };
}
