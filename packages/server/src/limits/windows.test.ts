import { describe, expect, it } from 'vitest';
import { Windows } from './windows.ts';

const rate = { allowed: 10, windowMs: 1_000 };

describe('windows of many keys', () => {
  it('[LI2] a flood of new keys does not make the limit of a busy one forgotten', () => {
    const windows = new Windows(1_000);
    const busy = Array.from({ length: 50 }, (_, n) => `busy ${n}`);
    for (const key of busy) for (let n = 0; n < 10; n++) windows.take(key, rate, 0);
    for (let n = 0; n < 100_000; n++) windows.take(`new ${n}`, rate, 500);
    expect(windows.size).toBe(1_000);
    for (const key of busy) expect(windows.take(key, rate, 999), key).toBeGreaterThan(0);
  });

  it('[LI2] a flood costs the same for each key, however many came before', () => {
    const windows = new Windows(100_000);
    const flood = (from: number) => {
      const started = performance.now();
      for (let n = from; n < from + 100_000; n++) windows.take(`key ${n}`, rate, 1);
      return performance.now() - started;
    };
    const filling = flood(0);
    // With a walk over what was deleted, this takes minutes.
    expect(flood(100_000) + flood(200_000)).toBeLessThan(filling * 40 + 2_000);
  });

  it('[LI2] idle keys give their places first, and are forgotten by a sweep', () => {
    const windows = new Windows(3);
    windows.take('idle', rate, 0);
    windows.take('one', rate, 900);
    windows.take('two', rate, 900);
    windows.take('new', rate, 1_500);
    for (const key of ['one', 'two']) {
      for (let n = 0; n < 9; n++) expect(windows.take(key, rate, 1_600)).toBe(0);
      expect(windows.take(key, rate, 1_600), key).toBeGreaterThan(0);
    }
    windows.sweep(rate, 2_600);
    expect(windows.size).toBe(0);
  });
});
