import { ParleyError } from '@parley/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Limits } from './limits.ts';
import { rates } from './rates.ts';
import { SlidingWindow } from './sliding-window.ts';

function limitsOf(options: Partial<ConstructorParameters<typeof Limits>[0]>): Limits {
  const limits = new Limits({ scale: 1, now: () => 1_000, ...options });
  onTestFinished(() => limits.close());
  return limits;
}

function letThrough(limits: Limits, key: string): number {
  let count = 0;
  while (count < 1e6 && limits.take('addressFailures', key) === 0) count++;
  return count;
}

describe('limits', () => {
  it('[LI3] PARLEY_RATE_SCALE multiplies each of them, and 0 switches them off', () => {
    const { allowed } = rates.addressFailures;
    expect(letThrough(limitsOf({}), 'a')).toBe(allowed);
    expect(letThrough(limitsOf({ scale: 2.5 }), 'a')).toBe(allowed * 2.5);
    expect(letThrough(limitsOf({ scale: 0.000_01 }), 'a')).toBe(1);
    const off = limitsOf({ scale: 0 });
    expect(letThrough(off, 'a')).toBe(1e6);
    const window = new SlidingWindow();
    for (let n = 0; n < 10_000; n++) expect(off.takeIn(window, 'connectionFrames')).toBe(0);
  });

  it('[LI4] each key has its own, and one may be given another', () => {
    const limits = limitsOf({ allowedFor: (_, key) => (key === 'large' ? 100 : undefined) });
    expect(letThrough(limits, 'a')).toBe(30);
    expect(letThrough(limits, 'b')).toBe(30);
    expect(letThrough(limits, 'large')).toBe(100);
  });

  it('[LI4] a refusal says how long to wait, and is counted', async () => {
    const refused: string[] = [];
    const limits = limitsOf({ onRefused: (name) => refused.push(name) });
    for (let n = 0; n < 30; n++) await limits.spend('addressFailures', 'a');
    let thrown: unknown;
    try {
      await limits.spend('addressFailures', 'a');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ParleyError);
    expect(thrown).toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 });
    expect(refused).toEqual(['addressFailures']);
  });
});
