import { expect, test } from 'vitest';
import { isSendKey } from './send-key.ts';

const enter = {
  key: 'Enter',
  shiftKey: false,
  altKey: false,
  isComposing: false,
  keyCode: 13,
  timeStamp: 1_000,
};

test('Enter sends, Shift+Enter and other keys do not', () => {
  expect(isSendKey(enter, null)).toBe(true);
  expect(isSendKey({ ...enter, shiftKey: true }, null)).toBe(false);
  expect(isSendKey({ ...enter, key: 'a' }, null)).toBe(false);
});

test('[PG7] Enter that ends a composition never sends', () => {
  expect(isSendKey({ ...enter, isComposing: true }, null)).toBe(false);
  expect(isSendKey({ ...enter, keyCode: 229 }, null)).toBe(false);
  // Safari: the composition ended a moment ago, with this very key.
  expect(isSendKey(enter, 995)).toBe(false);
  expect(isSendKey(enter, 500)).toBe(true);
});
