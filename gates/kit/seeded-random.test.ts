import { expect, test } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

function some(seed: number, name: string): number[] {
  const random = new SeededRandom(seed, name);
  return Array.from({ length: 50 }, () => random.bits());
}

test('[GT4] the same seed makes the same choices, for each part its own', () => {
  expect(some(7, 'frames')).toEqual(some(7, 'frames'));
  expect(some(7, 'frames')).not.toEqual(some(8, 'frames'));
  expect(some(7, 'frames')).not.toEqual(some(7, 'tokens'));
  const random = new SeededRandom(7);
  random.bits();
  random.restart('frames');
  expect(random.bits()).toBe(some(7, 'frames')[0]);
});

test('Numbers are within their bounds, both ends reached', () => {
  const random = new SeededRandom(1);
  const numbers = Array.from({ length: 2_000 }, () => random.between(3, 5));
  expect(new Set(numbers)).toEqual(new Set([3, 4, 5]));
  expect(random.shuffled([1, 2, 3, 4]).toSorted()).toEqual([1, 2, 3, 4]);
  expect(random.bytes(1_000).length).toBe(1_000);
  expect(() => random.pick([])).toThrow(RangeError);
});
