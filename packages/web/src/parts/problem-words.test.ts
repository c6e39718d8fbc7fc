import { ParleyError } from '@parley/protocol';
import { expect, test } from 'vitest';
import { problemWords } from './problem-words.ts';

test('what fails for want of a connection says so', () => {
  expect(problemWords(new ParleyError('unavailable'))).toContain('no connection');
});

test('what nobody foresaw is told without codes', () => {
  expect(problemWords(new TypeError('x is not a function'))).toBe(
    'That did not work. Try again in a moment.',
  );
});
