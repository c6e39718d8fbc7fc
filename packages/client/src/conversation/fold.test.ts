import type { ConversationChanges, ConversationRow, Member, Message } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { foldChanges, foldEvent, foldMark, foldRow } from './fold.ts';

const created_at = '2026-01-01T00:00:00.000Z';

function message(seq: number, more: Partial<Message> = {}): Message {
  const id = `id-${seq}`;
  return {
    id,
    seq,
    sender: 'bob',
    kind: 'text',
    body: 'said',
    created_at,
    version: seq + 1,
    ...more,
  };
}

function member(id: string, more: Partial<Member> = {}): Member {
  const name = id;
  return {
    id,
    name,
    avatar_url: null,
    updated_at: '2026-01-01T00:00:00.000Z',
    role: 'member',
    joined_seq: 1,
    version: 1,
    left_at: null,
    ...more,
  };
}

/** A group of three in which two messages were said; I have read the first. */
function row(more: Partial<ConversationRow> = {}): ConversationRow {
  return {
    id: 'c',
    kind: 'group',
    name: 'Group',
    version: 3,
    last_seq: 2,
    first_seq: 1,
    member_count: 3,
    metadata: {},
    created_at,
    created_by: 'ann',
    members: [member('ann'), member('bob'), member('cy')],
    unread: 1,
    my_role: 'member',
    last_message: message(2),
    last_activity_at: created_at,
    marks: {
      ann: { read: 1, delivered: 2 },
      bob: { read: 0, delivered: 0 },
      cy: { read: 0, delivered: 0 },
    },
    ...more,
  };
}

const versioned = { conversation: 'c', version: 4 };

describe('the fold', () => {
  it('[CL22] a new message of another moves the row up and is unread', () => {
    const said = message(3, { created_at: '2026-01-02T00:00:00.000Z' });
    const { row: after } = foldEvent(
      row(),
      { event: 'message.created', ...versioned, message: said },
      'ann',
      [],
    );
    expect(after).toEqual({
      ...row(),
      version: 4,
      last_seq: 3,
      unread: 2,
      last_message: said,
      last_activity_at: said.created_at,
    });
  });

  it.each<[string, Partial<Message>]>([
    ['mine', { sender: 'ann' }],
    ['an act', { kind: 'system' }],
    ['hidden', { kind: 'hidden', sender: null }],
    ['deleted', { deleted_at: created_at }],
  ])('[CL22] a message that is %s is not unread', (_, more) => {
    const event = { event: 'message.created', ...versioned, message: message(3, more) } as const;
    expect(foldEvent(row(), event, 'ann', []).row.unread).toBe(1);
  });

  it('[CL22] unread is counted within the thousand messages after my mark', () => {
    const full = row({ last_seq: 1_001, unread: 1_000 });
    const event = { event: 'message.created', ...versioned, message: message(1_002) } as const;
    expect(foldEvent(full, event, 'ann', []).row.unread).toBe(1_000);
  });

  it('[CL23] a deletion is taken off what is unread where the message is loaded, else asked for', () => {
    const deleted = message(2, { version: 4, body: '', deleted_at: created_at });
    const event = { event: 'message.updated', ...versioned, message: deleted } as const;
    const known = foldEvent(row(), event, 'ann', [message(1), message(2)]);
    expect(known.row).toMatchObject({ unread: 0, last_message: deleted });
    expect(known.incomplete).toBe(false);
    expect(foldEvent(row(), event, 'ann', []).incomplete).toBe(true);
    const twice = foldEvent(known.row, { ...event, version: 5 }, 'ann', [message(1), deleted]);
    expect(twice.row.unread).toBe(0);
  });

  it('[CL23] a message told as new that is known, and deleted since, is not unread', () => {
    const deleted = message(2, { version: 4, body: '', deleted_at: created_at });
    const event = { event: 'message.created', ...versioned, message: deleted } as const;
    expect(foldEvent(row(), event, 'ann', [message(1), message(2)]).row.unread).toBe(0);
    expect(foldEvent(row(), event, 'ann', []).incomplete).toBe(true);
  });

  it('[CL24] who joins has read and received everything before, in the order of ids', () => {
    const joined = member('bea', { joined_seq: 3, version: 4 });
    const { row: after } = foldEvent(
      row(),
      { event: 'member.updated', ...versioned, member: joined, member_count: 4 },
      'ann',
      [],
    );
    expect(after.members.map(({ id }) => id)).toEqual(['ann', 'bea', 'bob', 'cy']);
    expect(after.marks['bea']).toEqual({ read: 2, delivered: 2 });
    expect(after.member_count).toBe(4);
  });

  it('[CL24] who leaves takes the marks along; the fifty-first must be asked for', () => {
    const left = member('bob', { left_at: created_at, version: 4 });
    const event = { event: 'member.updated', ...versioned, member: left, member_count: 2 } as const;
    const after = foldEvent(row(), event, 'ann', []);
    expect(after.row.members.map(({ id }) => id)).toEqual(['ann', 'cy']);
    expect(Object.keys(after.row.marks)).toEqual(['ann', 'cy']);
    expect(after.incomplete).toBe(false);
    expect(foldEvent(row(), { ...event, member_count: 60 }, 'ann', []).incomplete).toBe(true);
  });

  it('[CL24] above a hundred members only my own mark is kept; back below, the rest is asked for', () => {
    const joined = member('dee', { joined_seq: 3, version: 4 });
    const event = { event: 'member.updated', ...versioned, member: joined } as const;
    const large = foldEvent(row(), { ...event, member_count: 101 }, 'ann', []);
    expect(large.row.marks).toEqual({ ann: { read: 1, delivered: 2 } });
    const left = { ...event, member: { ...joined, left_at: created_at }, version: 5 };
    expect(foldEvent(large.row, { ...left, member_count: 100 }, 'ann', []).incomplete).toBe(true);
  });

  it('[CL25] reading to the end leaves nothing unread; in between, loaded messages are counted', () => {
    const three = row({ last_seq: 4, unread: 3 });
    expect(foldMark(three, 'ann', { read: 4 }, 'ann', []).row.unread).toBe(0);
    const loaded = [2, 3, 4].map((seq) => message(seq));
    expect(foldMark(three, 'ann', { read: 2 }, 'ann', loaded)).toMatchObject({
      row: { unread: 2 },
      incomplete: false,
    });
    expect(foldMark(three, 'ann', { read: 3 }, 'ann', [])).toMatchObject({
      row: { unread: 1 },
      incomplete: true,
    });
  });

  it('[CL25] marks only grow, and what is read was delivered', () => {
    const read = foldMark(row(), 'bob', { read: 2 }, 'ann', []).row;
    expect(read.marks['bob']).toEqual({ read: 2, delivered: 2 });
    expect(foldMark(read, 'bob', { read: 1 }, 'ann', []).row).toBe(read);
  });

  it('[CL26] a user called __proto__ is a user', () => {
    const marks = { ...row().marks, ['__proto__']: { read: 0, delivered: 0 } };
    const after = foldMark(row({ marks }), '__proto__', { read: 1 }, 'ann', []).row;
    expect(Object.getPrototypeOf(after.marks)).toBe(Object.prototype);
    expect(Object.entries(after.marks)).toContainEqual(['__proto__', { read: 1, delivered: 1 }]);
  });

  it('[CL27] a row that is older than what is known tells nothing but marks', () => {
    const old = row({ version: 2, name: 'Old', marks: { bob: { read: 2, delivered: 2 } } });
    const { row: after } = foldRow(row(), old, 'ann');
    expect(after).toEqual({
      ...row(),
      marks: { ...row().marks, bob: { read: 2, delivered: 2 } },
    });
  });

  it('[CL27] the count of one who had read less than I have is not taken', () => {
    const mine = row({ marks: { ann: { read: 2, delivered: 2 } }, unread: 0 });
    const told = row({ version: 4, marks: { ann: { read: 0, delivered: 0 } }, unread: 2 });
    expect(foldRow(mine, told, 'ann').row).toMatchObject({
      unread: 0,
      marks: { ann: { read: 2, delivered: 2 } },
    });
  });

  const changes: ConversationChanges = {
    id: 'c',
    version: 6,
    last_seq: 3,
    first_seq: 1,
    unread: 2,
    conversation: { name: 'Renamed', member_count: 2 },
    members: [member('cy', { left_at: created_at, version: 5 })],
    marks: { ann: { read: 1, delivered: 3 }, bob: { read: 3, delivered: 3 } },
    messages: [message(3), message(1, { version: 6, body: 'edited' })],
    has_more: false,
    reset: false,
  };

  it('[CL28] the answer of sync is everything since', () => {
    expect(foldChanges(row(), changes, 'ann')).toEqual({
      row: {
        ...row(),
        version: 6,
        name: 'Renamed',
        member_count: 2,
        members: [member('ann'), member('bob')],
        last_seq: 3,
        last_message: message(3),
        unread: 2,
        marks: changes.marks,
      },
      incomplete: false,
    });
  });

  it('[CL28] an answer that events have overtaken tells nothing but marks', () => {
    const ahead = row({ version: 9 });
    expect(foldChanges(ahead, changes, 'ann').row).toEqual({
      ...ahead,
      marks: {
        ann: { read: 1, delivered: 3 },
        bob: { read: 3, delivered: 3 },
        cy: { read: 0, delivered: 0 },
      },
    });
  });

  it('[CL28] a reset replaces what was known', () => {
    const reset = { ...changes, version: 2, reset: true, members: [member('ann')] };
    expect(foldChanges(row({ version: 9 }), reset, 'ann').row).toMatchObject({
      version: 2,
      members: [{ id: 'ann' }],
      marks: changes.marks,
      unread: 2,
      last_message: { seq: 3 },
    });
  });
});
