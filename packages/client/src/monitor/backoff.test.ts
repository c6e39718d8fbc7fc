import { describe, expect, it } from 'vitest';
import { askedForMs, backoffMs, pauseMs } from './backoff.ts';

const nearlyOne = () => 1 - Number.EPSILON;

describe('backoff', () => {
  it('[CL10] waits anything from nothing up to a limit that doubles from 500 ms to 10 s', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempt) => backoffMs(attempt, nearlyOne));
    expect(longest).toEqual([499, 999, 1_999, 3_999, 7_999, 9_999, 9_999, 9_999, 9_999]);
    expect(backoffMs(7, () => 0)).toBe(0);
    expect(backoffMs(2, () => 0.5)).toBe(500);
  });

  it('[CL11] never comes sooner than the server asked for, and spreads those asked together', () => {
    expect(askedForMs(4_000, () => 0)).toBe(4_000);
    expect(askedForMs(4_000, nearlyOne)).toBe(7_999);
    expect(askedForMs(0, nearlyOne)).toBe(499);
    expect(pauseMs(3, 4_000, () => 0)).toBe(4_000);
    expect(pauseMs(3, undefined, () => 0.5)).toBe(1_000);
  });
});
