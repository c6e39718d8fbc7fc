import { expect, test } from 'vitest';
import { trendOf } from './trend.ts';

test('[BP30] a trend is the slope, and how far it may be off', () => {
  const exact = trendOf([0, 1, 2, 3].map((time) => [time, 5 + 2 * time]));
  expect(exact).toEqual({ slope: 2, margin: 0, mean: 8 });
  const noisy = trendOf(Array.from({ length: 100 }, (_, time) => [time, (time % 2) * 10]));
  expect(Math.abs(noisy.slope)).toBeLessThan(noisy.margin);
  const growing = trendOf(Array.from({ length: 100 }, (_, at) => [at, at + (at % 2) * 10]));
  expect(growing.slope - growing.margin).toBeGreaterThan(0.5);
  expect(() => trendOf([])).toThrow(RangeError);
});
