import { expect, test } from 'vitest';
import { tokenIn } from './handed-token.ts';

test('[PG10] the host hands a token behind #token=, and nowhere else', () => {
  expect(tokenIn('#token=a.b-c_d.e')).toBe('a.b-c_d.e');
  expect(tokenIn('#token=a%2Bb')).toBe('a+b');
  expect(tokenIn('#token=100%')).toBe('100%');
  for (const other of ['', '#', '#token=', '#/c/token=a', '#x&token=a']) {
    expect(tokenIn(other)).toBeNull();
  }
});
