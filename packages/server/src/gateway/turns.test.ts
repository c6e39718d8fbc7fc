import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

describe('turns', () => {
  it('[GW34] a few at once, the others in order, and a failure gives its place on', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const work = (n: number) => () => {
      begun.push(n);
      return new Promise<number>((resolve, reject) => {
        ends[n] = () => (n === 0 ? reject(new Error('failed')) : resolve(n));
      });
    };
    const done = [0, 1, 2, 3].map((n) => turns.take(work(n)));
    const failed = expect(done[0]).rejects.toThrow('failed');
    expect(begun).toEqual([0, 1]);
    ends[0]?.();
    await failed;
    expect(begun).toEqual([0, 1, 2]);
    ends[2]?.();
    expect(await done[2]).toBe(2);
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[1]?.();
    ends[3]?.();
    expect(await Promise.all(done.slice(1))).toEqual([1, 2, 3]);
  });
});
