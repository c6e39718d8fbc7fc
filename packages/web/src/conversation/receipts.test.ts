import { expect, test } from 'vitest';
import { queued, said } from '../testing/said.ts';
import { receiptsOf } from './receipts.ts';

const at = '2026-11-20T10:00:00';
const mine = [1, 2, 3, 4].map((seq) => said(seq, 'me', at));
const direct = { me: 'me', others: ['ann'], group: false };

test('[PG4] one check for stored, two for delivered, two in accent for read', () => {
  const marks = { ann: { read: 1, delivered: 3 } };
  const { states } = receiptsOf({ ...direct, messages: mine, marks });
  expect([...states]).toEqual([
    ['m4', 'sent'],
    ['m3', 'delivered'],
    ['m1', 'read'],
  ]);
});

test('[PG4] only the last message of mine has a mark when all are alike', () => {
  const marks = { ann: { read: 4, delivered: 4 } };
  const { states } = receiptsOf({ ...direct, messages: mine, marks });
  expect([...states]).toEqual([['m4', 'read']]);
});

test('[PG4] every message on its way has its clock', () => {
  const messages = [...mine, queued('a', 'me', at), queued('b', 'me', at)];
  const { states } = receiptsOf({ ...direct, messages, marks: {} });
  expect([...states]).toEqual([
    ['b', 'queued'],
    ['a', 'queued'],
    ['m4', 'sent'],
  ]);
});

test('[PG4] in a group a message is read when everybody has read it', () => {
  const marks = { ann: { read: 4, delivered: 4 }, bob: { read: 2, delivered: 4 } };
  const group = { me: 'me', others: ['ann', 'bob'], group: true };
  const { states } = receiptsOf({ ...group, messages: mine, marks });
  expect([...states]).toEqual([
    ['m4', 'delivered'],
    ['m2', 'read'],
  ]);
});

test('[PG4] nobody else there, or marks not told: it is sent, no more is known', () => {
  expect([...receiptsOf({ ...direct, others: [], messages: mine, marks: {} }).states]).toEqual([
    ['m4', 'sent'],
  ]);
});

test('readers stand at the last message they have read, not at or above one of their own', () => {
  const messages = [
    said(1, 'me', at),
    said(2, 'ann', at),
    said(3, 'bob', at),
    said(4, 'me', at, { kind: 'system', act: { type: 'renamed', name: 'x' } }),
  ];
  const marks = {
    ann: { read: 1, delivered: 4 },
    bob: { read: 3, delivered: 4 },
    eva: { read: 9, delivered: 9 },
    kim: { read: 0, delivered: 4 },
    me: { read: 4, delivered: 4 },
  };
  const group = { me: 'me', others: ['ann', 'bob', 'eva', 'kim'], group: true };
  const { readers } = receiptsOf({ ...group, messages, marks });
  expect([...readers]).toEqual([['m4', ['eva']]]);
});
