import { describe, expect, it } from 'vitest';
import { FairTurns } from './fair-turns.ts';

/** Work that ends when told, in the order in which it began. */
class Bench {
  readonly began: string[] = [];
  readonly #ends: { readonly name: string; readonly end: () => void }[] = [];

  work(name: string): () => Promise<string> {
    return () => {
      this.began.push(name);
      return new Promise((resolve) => this.#ends.push({ name, end: () => resolve(name) }));
    };
  }

  async end(name: string): Promise<void> {
    const at = this.#ends.findIndex((one) => one.name === name);
    this.#ends.splice(at, 1)[0]?.end();
    await new Promise(setImmediate);
  }
}

describe('fair turns', () => {
  it('[LI11] one lane never has all places, and waits behind itself', async () => {
    const bench = new Bench();
    const turns = new FairTurns({ most: 3, each: 2, waiting: 100 });
    const all = ['a0', 'a1', 'a2', 'a3', 'a4'].map((name) => turns.take('a', bench.work(name)));
    expect(bench.began).toEqual(['a0', 'a1']);
    const others = ['b0', 'b1'].map((name) => turns.take('b', bench.work(name)));
    expect(bench.began).toEqual(['a0', 'a1', 'b0']);
    await bench.end('a0');
    // The lane that has waited longer is next, then the other one.
    expect(bench.began.at(-1)).toBe('a2');
    await bench.end('a1');
    expect(bench.began.at(-1)).toBe('b1');
    for (const name of ['a2', 'b0', 'b1', 'a3', 'a4']) await bench.end(name);
    expect(await Promise.all([...all, ...others])).toEqual([
      'a0',
      'a1',
      'a2',
      'a3',
      'a4',
      'b0',
      'b1',
    ]);
  });

  it('[LI11] what fails gives its place on, and too much waiting is refused', async () => {
    const turns = new FairTurns({ most: 1, each: 1, waiting: 1 });
    const failing = turns.take('a', async () => {
      await new Promise(setImmediate);
      throw new Error('failed');
    });
    const next = turns.take('a', () => 'next');
    await expect(turns.take('a', () => 'too much')).rejects.toMatchObject({ code: 'unavailable' });
    const other = turns.take('b', () => 'other');
    await expect(failing).rejects.toThrow('failed');
    expect(await Promise.all([next, other])).toEqual(['next', 'other']);
  });
});
