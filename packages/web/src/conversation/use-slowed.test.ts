import { expect, test } from 'vitest';
import { slowedAfter } from './use-slowed.ts';

test('[PG24] a short wait is not spoken of, a longer one until all has gone', () => {
  const nothing = { until: null, slowed: false };
  expect(slowedAfter(nothing, 12_900, 10_000).slowed).toBe(false);
  const long = slowedAfter(nothing, 14_000, 10_000);
  expect(long.slowed).toBe(true);
  // Drawn again a second before its end, and then asked for a little more.
  const later = slowedAfter(long, 14_000, 13_000);
  expect(later.slowed).toBe(true);
  const more = slowedAfter(later, 15_000, 14_000);
  expect(more.slowed).toBe(true);
  expect(slowedAfter(more, null, 15_000)).toEqual(nothing);
});
