import { expect, test } from 'vitest';
import { queued, said } from '../testing/said.ts';
import { moveNewLine } from './new-line.ts';

const at = '2026-11-20T10:00:00';
const others = (...seqs: number[]) => seqs.map((seq) => said(seq, 'ann', at));
const base = { me: 'me', watching: true };

test('[PG5] opening shows the line at the first unread message of somebody else', () => {
  const messages = [...others(1, 2), said(3, 'me', at), ...others(4, 5)];
  expect(moveNewLine(null, { ...base, messages, read: 2 })).toEqual({ from: 4, seen: 5 });
});

test('[PG5] opening with everything read shows none', () => {
  expect(moveNewLine(null, { ...base, messages: others(1, 2), read: 2 }).from).toBeNull();
});

test('[PG5] where the first unread is not loaded yet, the line waits there', () => {
  expect(moveNewLine(null, { ...base, messages: others(50, 51), read: 10 }).from).toBe(11);
});

test('[PG5] what comes while one looks gets no line; what comes while one does not, gets one', () => {
  const line = { from: null, seen: 2 };
  const messages = others(1, 2, 3);
  expect(moveNewLine(line, { ...base, messages, read: 2 }).from).toBeNull();
  expect(moveNewLine(line, { ...base, messages, read: 2, watching: false }).from).toBe(3);
});

test('[PG5] the line stays where it is while more comes, until it was read', () => {
  const line = { from: 3, seen: 3 };
  const away = { ...base, messages: others(1, 2, 3, 4), watching: false };
  expect(moveNewLine(line, { ...away, read: 2 }).from).toBe(3);
  expect(moveNewLine(line, { ...away, read: 3 }).from).toBe(4);
});

test('[PG5] answering takes the line away', () => {
  const line = { from: 2, seen: 2 };
  const answered = [...others(1, 2), queued('q', 'me', at)];
  expect(moveNewLine(line, { ...base, messages: answered, read: 2 }).from).toBeNull();
  const elsewhere = [...others(1, 2), said(3, 'me', at)];
  expect(moveNewLine(line, { ...base, messages: elsewhere, read: 2 }).from).toBeNull();
});
