import { expect, it } from 'vitest';
import { Places } from './places.ts';

it('[LI20] places are counted in all and for each, and come back', () => {
  const places = new Places({ most: 3, each: 2 });
  expect(['a', 'a', 'a', 'b', 'b', 'c'].map((key) => places.enter(key))).toEqual([
    true,
    true,
    false,
    true,
    false,
    false,
  ]);
  places.leave('a');
  places.leave('nobody');
  expect(places.size).toBe(2);
  expect(places.enter('c')).toBe(true);
});
