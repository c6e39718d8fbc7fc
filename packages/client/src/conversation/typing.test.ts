import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { TypingSender } from './typing-sender.ts';
import { TypingSigns } from './typing-signs.ts';

describe('my typing sign', () => {
  it('[CL30] is sent at the first key, refreshed every 3 s, and ended 1 s after the last', async () => {
    const clock = new FakeClock();
    const start = clock.now();
    const told: [number, boolean][] = [];
    const sender = new TypingSender(clock, (typing) => {
      told.push([clock.now() - start, typing]);
    });
    for (let i = 0; i < 10; i++) {
      sender.key();
      await clock.advance(500);
    }
    await clock.advance(2_000);
    expect(told).toEqual([
      [0, true],
      [3_000, true],
      [5_500, false],
    ]);
    expect(clock.alarms).toBe(0);
  });
});

describe('typing signs of others', () => {
  it('[CL31] go out 6 s after the last refresh, or at once when told', async () => {
    const clock = new FakeClock();
    let changes = 0;
    const signs = new TypingSigns(clock, () => {
      changes++;
    });
    signs.begin('c', 'bob');
    signs.begin('c', 'cy');
    await clock.advance(4_000);
    signs.begin('c', 'bob');
    const before = signs.people('c');
    expect(before).toEqual(['bob', 'cy']);
    expect(changes).toBe(2);
    await clock.advance(2_000);
    expect(signs.people('c')).toEqual(['bob']);
    await clock.advance(3_999);
    expect(signs.people('c')).toEqual(['bob']);
    await clock.advance(1);
    expect(signs.people('c')).toEqual([]);
    signs.begin('c', 'bob');
    signs.end('c', 'bob');
    expect(signs.people('c')).toEqual([]);
    signs.clear();
    expect(clock.alarms).toBe(0);
  });
});
