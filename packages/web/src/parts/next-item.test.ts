import { expect, test } from 'vitest';
import { nextItem } from './next-item.ts';

test('arrows go round in a menu, Home and End to its ends', () => {
  expect([-1, 0, 2].map((from) => nextItem('ArrowDown', from, 3))).toEqual([0, 1, 0]);
  expect([-1, 0, 2].map((from) => nextItem('ArrowUp', from, 3))).toEqual([2, 2, 1]);
  expect([nextItem('Home', 2, 3), nextItem('End', 0, 3)]).toEqual([0, 2]);
  expect([nextItem('x', 0, 3), nextItem('End', 0, 0)]).toEqual([null, null]);
});
