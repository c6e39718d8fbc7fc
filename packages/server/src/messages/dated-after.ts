/** A message that is dated further ahead than this was dated by a clock that was wrong. */
const patienceMs = 10_000;

/**
 * When a message is dated that follows one of `last`, where it is `now`.
 *
 * Nodes know the time to the millisecond or so: what the next one stores is not older for that.
 */
export function datedAfter(last: Date, now: Date): Date {
  const aheadMs = last.getTime() - now.getTime();
  return aheadMs > 0 && aheadMs <= patienceMs ? last : now;
}
