import { expect, it } from 'vitest';
import { SlowDown } from './slow-down.ts';

it('[LI7] pauses grow while refusals go on, up to five seconds, and are forgotten in a calm', () => {
  const slowDown = new SlowDown();
  const pauses: number[] = [];
  let now = 0;
  for (let n = 0; n < 300; n++) {
    const pauseMs = slowDown.refused(30, now);
    if (pauseMs > 0) pauses.push(pauseMs);
    now += pauseMs + 1;
  }
  expect(pauses.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  now += 1_000;
  for (let n = 0; n < 19; n++) expect(slowDown.refused(30, now)).toBe(0);
  expect(slowDown.refused(30, now)).toBe(100);
});

it('[LI7] a pause is as long as the wait that was told', () => {
  const slowDown = new SlowDown();
  for (let n = 0; n < 19; n++) expect(slowDown.refused(2_500, 0)).toBe(0);
  expect(slowDown.refused(2_500, 0)).toBe(2_500);
});
