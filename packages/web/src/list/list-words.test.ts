import type { ConversationRow, Message } from '@parley/protocol';
import { expect, test } from 'vitest';
import { conversationTitle } from '../people/conversation-title.ts';
import { member, user } from '../testing/fake-people.ts';
import { queued, said } from '../testing/said.ts';
import { matches } from './matches.ts';
import { nextRow } from './next-row.ts';
import { previewOf, waitingOf } from './preview.ts';

const message: Message = {
  id: 'm1',
  seq: 1,
  version: 1,
  sender: 'jonas',
  kind: 'text',
  body: 'One\n\ntwo',
  created_at: '2026-11-22T10:00:00Z',
};

function row(kind: 'direct' | 'group', last: Message | null): ConversationRow {
  return {
    id: 'c',
    kind,
    name: null,
    member_count: 2,
    metadata: {},
    version: 1,
    last_seq: 1,
    first_seq: 1,
    created_at: message.created_at,
    created_by: 'maya',
    members: [member('maya'), member('jonas')],
    unread: 0,
    my_role: 'member',
    last_message: last,
    last_activity_at: message.created_at,
    marks: {},
  };
}

test('a preview is one line, and says who wrote it where that is not plain', () => {
  expect(previewOf(row('direct', message), 'maya', user)).toEqual({ prefix: '', text: 'One two' });
  expect(previewOf(row('direct', message), 'jonas', user).prefix).toBe('You: ');
  expect(previewOf(row('group', message), 'maya', user).prefix).toBe('Jonas: ');
});

test('[PG21] a preview tells acts, and nothing of what is deleted or hidden', () => {
  const text = (more: Partial<Message>) =>
    previewOf(row('group', { ...message, ...more }), 'maya', user).text;
  expect(text({ kind: 'system', act: { type: 'members_added', users: ['maya'] } })).toBe(
    'Jonas Weber added you',
  );
  expect(text({ deleted_at: message.created_at })).toBe('This message was deleted.');
  expect(text({ kind: 'hidden', sender: null, body: '' })).toBe('Message from someone you blocked');
  expect(previewOf(row('group', null), 'maya', user).text).toBe('No messages yet');
});

test('a message on its way is what the list shows until it is stored', () => {
  const at = '2026-11-20T10:00:00';
  const stored = said(1, 'jonas', at);
  expect(waitingOf([stored, queued('q', 'maya', at)])).toEqual({
    prefix: 'You: ',
    text: 'Hello',
    state: 'queued',
  });
  expect(waitingOf([queued('q', 'maya', at), stored])).toBeNull();
  expect(waitingOf([])).toBeNull();
});

test('a conversation is named by the other person, by its name, or by its people', () => {
  const group = {
    ...row('group', null),
    members: ['maya', 'jonas', 'priya'].map((id) => member(id)),
  };
  expect(conversationTitle(row('direct', null), 'maya').name).toBe('Jonas Weber');
  expect(conversationTitle({ ...group, name: 'Launch' }, 'maya').name).toBe('Launch');
  expect(conversationTitle(group, 'maya').name).toBe('Jonas Weber and Priya Raman');
  expect(conversationTitle({ ...group, members: [member('maya')] }, 'maya').name).toBe('Group');
});

test('finding ignores case and accents and takes words in any order', () => {
  expect(matches('CARON ines', ['Inès Caron'])).toBe(true);
  expect(matches('大', ['大阪'])).toBe(true);
  expect(matches('inx', ['Inès Caron'])).toBe(false);
});

test('arrows lead from row to row and stop at the ends', () => {
  const ids = ['a', 'b', 'c'];
  expect(nextRow('ArrowDown', ids, null)).toBe('a');
  expect(nextRow('ArrowDown', ids, 'c')).toBeNull();
  expect(nextRow('ArrowUp', ids, 'b')).toBe('a');
  expect(nextRow('ArrowUp', ids, 'a')).toBeNull();
  expect(nextRow('End', ids, 'a')).toBe('c');
  expect(nextRow('x', ids, 'a')).toBeNull();
});
