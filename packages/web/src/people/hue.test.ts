import { expect, test } from 'vitest';
import { hueOf } from './hue.ts';

test('a hue is one of twelve and always the same', () => {
  const hues = Array.from({ length: 500 }, (_, i) => hueOf(`user-${i}`));
  expect(new Set(hues).size).toBe(12);
  expect(hueOf('user-7')).toBe(hues[7]);
});

test('no hue is given much more often than another', () => {
  const times = new Map<number, number>();
  for (let i = 0; i < 1_200; i++) {
    const hue = hueOf(`user-${i}`);
    times.set(hue, (times.get(hue) ?? 0) + 1);
  }
  expect(Math.min(...times.values())).toBeGreaterThan(60);
  expect(Math.max(...times.values())).toBeLessThan(140);
});

test('the eight people of the demo have eight hues', () => {
  const people = ['maya', 'jonas', 'amina', 'omar', 'zoe', 'kenji', 'yuki', 'priya'];
  expect(new Set(people.map(hueOf)).size).toBe(people.length);
});
