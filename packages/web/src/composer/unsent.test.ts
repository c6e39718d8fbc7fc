import { expect, test } from 'vitest';
import { queued, said } from '../testing/said.ts';
import { unsentText } from './unsent.ts';

const at = '2026-11-20T10:00:00';

test('[PG25] what waits to be sent and what was being written are one text, in their order', () => {
  const messages = [said(1, 'me', at), queued('a', 'me', at), queued('b', 'me', at)];
  expect(unsentText(messages, ' and so')).toBe('Hello\nHello\n and so');
  expect(unsentText(messages, '')).toBe('Hello\nHello');
  expect(unsentText([said(1, 'me', at)], 'and so')).toBe('and so');
  expect(unsentText([said(1, 'me', at)], ' ')).toBe('');
});
