import { describe, expect, it } from 'vitest';
import { SlidingWindow } from './sliding-window.ts';

const rate = { allowed: 1_000, windowMs: 10_000 };

/** Tries at these times; answers the times at which it was let through. */
function admitted(times: readonly number[], window = new SlidingWindow()): number[] {
  return times.filter((now) => window.take(rate, now) === 0);
}

/** The most that got through in any span of the window's length. */
function most(times: readonly number[]): number {
  let [best, from] = [0, 0];
  times.forEach((now, index) => {
    while ((times[from] ?? now) <= now - rate.windowMs) from++;
    best = Math.max(best, index - from + 1);
  });
  return best;
}

const every = (stepMs: number, untilMs: number) =>
  Array.from({ length: Math.floor(untilMs / stepMs) }, (_, n) => n * stepMs);

describe('a sliding window', () => {
  it('[LI1] lets through what is allowed at once, and then exactly one window later', () => {
    const window = new SlidingWindow();
    expect(admitted(Array(1_500).fill(5), window)).toHaveLength(1_000);
    expect(window.take(rate, 5)).toBe(10_000);
    expect(window.take(rate, 10_004)).toBe(1);
    expect(admitted(Array(1_500).fill(10_005), window)).toHaveLength(1_000);
  });

  it.each([0.5, 1, 3.7, 9.9])('[LI1] is exact to 2 %% under a flood, a try every %f ms', (step) => {
    const through = admitted(every(step, 100_000));
    expect(most(through)).toBeLessThanOrEqual(rate.allowed);
    expect(through.length).toBeGreaterThan(rate.allowed * 10 * 0.98);
    expect(through.length).toBeLessThanOrEqual(rate.allowed * 10);
  });

  it('[LI1] never lets more through in any window, whatever the pattern', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const times: number[] = [];
    for (let now = 0; now < 60_000; now += random() * 400) {
      const burst = random() < 0.2 ? Math.floor(random() * 1_500) : 3;
      for (let n = 0; n < burst; n++) times.push(now + n * random() * 0.01);
    }
    times.sort((a, b) => a - b);
    expect(most(admitted(times))).toBe(rate.allowed);
  });

  it('[LI1] who waits as long as told is let through', () => {
    const window = new SlidingWindow();
    let now = 0;
    for (let n = 0; n < 5_000; n++) {
      const waitMs = window.take(rate, now);
      now += waitMs;
      if (waitMs > 0) expect(window.take(rate, now)).toBe(0);
      now += n % 7;
    }
  });

  it('[LI2] keeps at most 51 spans of what it counted', () => {
    const window = new SlidingWindow();
    for (const now of every(1, 30_000)) window.take({ ...rate, allowed: 1e9 }, now);
    expect(window.spans).toBeLessThanOrEqual(51);
    expect(window.isIdle(rate.windowMs, 39_000)).toBe(false);
    expect(window.isIdle(rate.windowMs, 40_000)).toBe(true);
  });
});
