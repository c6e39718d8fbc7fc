import type { ConversationSnapshot } from '@parley/client';
import { expect, test } from 'vitest';
import { queued, said } from '../testing/said.ts';
import { isFirstUnreadAbove } from './first-unread.ts';

const at = '2026-11-20T10:00:00';

function opened(read: number, more: Partial<ConversationSnapshot> = {}): ConversationSnapshot {
  return {
    status: 'ready',
    id: 'c',
    kind: 'group',
    name: null,
    memberCount: 2,
    members: [],
    messages: [said(51, 'ann', at), said(52, 'ann', at)],
    hasOlder: true,
    loadingOlder: false,
    unread: 2,
    marks: { me: { read, delivered: 52 } },
    typing: [],
    myRole: 'member',
    slowedUntil: null,
    ...more,
  };
}

test('[PG5] more unread than are loaded: the first of them is above', () => {
  expect(isFirstUnreadAbove(opened(49), 'me')).toBe(true);
  expect(isFirstUnreadAbove(opened(0, { marks: {} }), 'me')).toBe(true);
});

test('[PG5] the first unread is not above where it is loaded, nothing is unread, or nothing is older', () => {
  expect(isFirstUnreadAbove(opened(50), 'me')).toBe(false);
  expect(isFirstUnreadAbove(opened(51), 'me')).toBe(false);
  expect(isFirstUnreadAbove(opened(9, { unread: 0 }), 'me')).toBe(false);
  expect(isFirstUnreadAbove(opened(9, { hasOlder: false }), 'me')).toBe(false);
  expect(isFirstUnreadAbove(opened(9, { messages: [queued('q', 'me', at)] }), 'me')).toBe(false);
});
