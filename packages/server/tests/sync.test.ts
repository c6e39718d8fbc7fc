import { limits, newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenChanged, givenMembers, givenPeople } from '../src/testing/given.ts';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';
import { upsertUser } from '../src/users/upsert-user.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What one knows of a conversation after seeing this row. */
function known(row: { readonly id: string; readonly version: number; readonly last_seq: number }) {
  return { [row.id]: { version: row.version, last_seq: row.last_seq } };
}

async function changed(socket: TestSocket, knows: ReturnType<typeof known>) {
  const { conversations } = await socket.ask('sync', { me: 0, known: knows });
  const [only] = conversations;
  if (only === undefined || conversations.length > 1) throw new Error('not one conversation');
  return only;
}

async function annAndBob() {
  const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const group = await createGroup(ann, ['bob'], 'Start');
  return { tenant, ann, bob, group, id: group.id };
}

describe('sync of what is known', () => {
  it('[SY1] answers an unchanged conversation with its head, marks and unread, and no rows', async () => {
    const { ann, bob, group, id } = await annAndBob();
    await say(ann, id, 'one');
    await bob.ask('delivered', { marks: { [id]: 1 } });
    const { conversation: row } = await bob.ask('conversation.get', { conversation: id });
    const answer = await bob.ask('sync', { me: 1, known: known(row) });
    expect(answer).toEqual({
      epoch: bob.hello.epoch,
      me: 1,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      conversations: [
        {
          id,
          version: 2,
          last_seq: 1,
          first_seq: 1,
          unread: 1,
          members: [],
          marks: { ann: { read: 0, delivered: 0 }, bob: { read: 0, delivered: 1 } },
          messages: [],
          has_more: false,
          reset: false,
        },
      ],
      added: [],
      more: false,
      removed: [],
      users: [],
      blocked: [],
      blocked_version: 0,
    });
    expect(group.version).toBe(1);
  });

  it('[SY2] gives what changed, rows in the order of their versions, and only that', async () => {
    const { tenant, ann, bob, id } = await annAndBob();
    const one = await say(ann, id, 'one');
    await say(bob, id, 'two');
    const { conversation: before } = await bob.ask('conversation.get', { conversation: id });
    const three = await say(ann, id, 'three');
    const place = { server, tenant, conversation: id };
    const edited = await givenChanged(place, one.seq, { body: 'one, edited' });
    const four = await say(ann, id, 'four');
    await givenChanged(place, three.seq, { deleted: true });
    const { messages: history } = await bob.ask('message.list', { conversation: id });
    const answer = await changed(bob, known(before));
    expect(answer).toMatchObject({
      version: 7,
      last_seq: 4,
      unread: 2,
      reset: false,
      has_more: false,
    });
    expect(answer.messages.map((row) => [row.seq, row.version])).toEqual([
      [1, edited],
      [4, four.version],
      [3, 7],
    ]);
    expect([...answer.messages].sort((a, b) => a.seq - b.seq)).toEqual(
      history.filter((row) => row.seq !== 2),
    );
    expect(answer.members).toEqual([]);
    expect(answer).not.toHaveProperty('conversation');
  });

  it('[SY3] tells of ten changes of one message by one row', async () => {
    const { tenant, ann, bob, id } = await annAndBob();
    const { version } = await say(ann, id, 'first');
    for (let i = 0; i < 10; i++) {
      await givenChanged({ server, tenant, conversation: id }, 1, { body: `edit ${i}` });
    }
    const answer = await changed(bob, known({ id, version, last_seq: 1 }));
    expect(answer.messages).toMatchObject([{ seq: 1, body: 'edit 9', version: 12 }]);
  });

  it('[SY4] gives changed members, those who left with the time, and the fields they change', async () => {
    const { ann, bob, group, id } = await annAndBob();
    await ann.ask('member.add', { conversation: id, users: ['cy', 'dee'] });
    await ann.ask('member.remove', { conversation: id, user: 'cy' });
    const answer = await changed(bob, known(group));
    expect(answer.conversation).toEqual({ name: 'Start', member_count: 3 });
    expect(answer.members).toMatchObject([
      { id: 'dee', name: 'Dee', role: 'member', version: 3, left_at: null },
      { id: 'cy', version: 5, left_at: expect.stringMatching(/Z$/) },
    ]);
    const since = await changed(bob, { [id]: { version: 5, last_seq: 1 } });
    expect(since.members).toEqual([]);
    expect(since.messages.map((one) => one.seq)).toEqual([2]);
  });

  it('[SY5] gives the fields when they changed, and not when only messages did', async () => {
    const { ann, bob, group, id } = await annAndBob();
    await say(ann, id, 'one');
    expect(await changed(bob, known(group))).not.toHaveProperty('conversation');
    await ann.ask('conversation.update', { conversation: id, name: 'Renamed' });
    const answer = await changed(bob, known(group));
    expect(answer.conversation).toEqual({ name: 'Renamed', member_count: 2 });
    expect(answer.members).toEqual([]);
    const since = await changed(bob, { [id]: { version: 3, last_seq: 1 } });
    expect(since).not.toHaveProperty('conversation');
  });

  it('[SY6] lists as removed what was left, is foreign or never was, all alike', async () => {
    const { tenant, ann, bob, group, id } = await annAndBob();
    const other = await server.tenant(['bob']);
    const foreign = await createGroup(await other.connect('bob'), []);
    const left = await createGroup(ann, ['bob']);
    await bob.ask('conversation.leave', { conversation: left.id });
    const removed = await createGroup(ann, ['bob']);
    await ann.ask('member.remove', { conversation: removed.id, user: 'bob' });
    const notHis = await createGroup(await tenant.connect('cy'), ['ann']);
    const gone = [foreign.id, left.id, removed.id, notHis.id, newId()];
    const knows = Object.fromEntries(gone.map((one) => [one, { version: 1, last_seq: 0 }]));
    const answer = await bob.ask('sync', { me: 9, known: { ...knows, ...known(group) } });
    expect([...answer.removed].sort()).toEqual([...gone].sort());
    expect(answer.conversations.map((one) => one.id)).toEqual([id]);
    expect(answer.me).toBe(5);
  });

  it('[SY7] takes ids in capitals, and answers them as they are', async () => {
    const { bob, id } = await annAndBob();
    const nobodys = newId();
    const answer = await bob.ask('sync', {
      me: 1,
      known: {
        [id.toUpperCase()]: { version: 1, last_seq: 0 },
        [nobodys.toUpperCase()]: { version: 1, last_seq: 0 },
      },
    });
    expect(answer.conversations.map((one) => one.id)).toEqual([id]);
    expect(answer.removed).toEqual([nobodys]);
  });

  it('[SY8] takes at most 500 known conversations', async () => {
    const { bob } = await annAndBob();
    const many = Array.from({ length: limits.knownPerSync + 1 }, () => newId());
    const knows = (ids: readonly string[]) =>
      Object.fromEntries(ids.map((one) => [one, { version: 1, last_seq: 0 }]));
    await expect(bob.ask('sync', { me: 0, known: knows(many) })).rejects.toMatchObject({
      code: 'bad_request',
      field: 'known',
    });
    const answer = await bob.ask('sync', { me: 0, known: knows(many.slice(1)) });
    expect(answer.removed).toHaveLength(limits.knownPerSync);
  });

  it('[SY9] reads heads and rows at one moment, amid sends', async () => {
    const { ann, bob, id } = await annAndBob();
    const sending = Promise.all(Array.from({ length: 150 }, (_, i) => say(ann, id, `${i}`)));
    let at = { version: 1, last_seq: 0 };
    for (let calls = 0; at.last_seq < 150 && calls < 1_000; calls++) {
      const answer = await changed(bob, { [id]: at });
      expect(answer.reset).toBe(false);
      const seqs = answer.messages.map((one) => one.seq);
      expect(seqs).toEqual(seqs.map((_, i) => at.last_seq + 1 + i));
      if (!answer.has_more) {
        expect(seqs.at(-1) ?? at.last_seq).toBe(answer.last_seq);
        expect(answer.messages.at(-1)?.version ?? at.version).toBe(answer.version);
      }
      at = { version: answer.version, last_seq: answer.last_seq };
    }
    await sending;
    expect(at.last_seq).toBe(150);
  });
});

describe('sync of people', () => {
  it('[SY20] tells who was renamed since the last answer, among those I share a conversation with', async () => {
    const { tenant, bob, ann } = await annAndBob();
    const other = await server.tenant(['ann']);
    await createDirect(ann, 'cy');
    const parts = { db: server.database.db, bus: server.bus };
    const people = await givenPeople(server, tenant, 5);
    await givenMembers({ server, tenant, conversation: (await createGroup(bob, [])).id }, people);
    const { at } = await bob.ask('sync', { me: 1, known: {} });
    // An answer may overlap the one before by seconds: what was made in the test is new anyway.
    await upsertUser(parts, tenant.id, { id: 'ann', name: 'Ann the First' });
    await upsertUser(parts, tenant.id, { id: 'cy', name: 'Cy the Unseen' });
    await upsertUser(parts, other.id, { id: 'ann', name: 'Ann of elsewhere' });
    await upsertUser(parts, tenant.id, {
      id: 'p00002',
      name: 'Two',
      avatar_url: 'https://x/2.png',
    });
    const { users } = await bob.ask('sync', { me: 1, known: {}, at });
    const named = users.map(({ id, name, avatar_url }) => ({ id, name, avatar_url }));
    expect(named).toContainEqual({ id: 'ann', name: 'Ann the First', avatar_url: null });
    expect(named).toContainEqual({ id: 'p00002', name: 'Two', avatar_url: 'https://x/2.png' });
    expect(users.map((one) => one.id)).not.toContain('cy');
    expect(JSON.stringify(users)).not.toContain('elsewhere');
    expect((await bob.ask('sync', { me: 1, known: {} })).users).toEqual([]);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await bob.ask('sync', { me: 1, known: {}, at: later })).users).toEqual([]);
  });

  it('[SY21] refuses an `at` that no answer gave', async () => {
    const { bob } = await annAndBob();
    const odd = [
      '',
      'x',
      'yesterday',
      '2026-13-01T00:00:00Z',
      '-271821-04-20T00:00:00.000Z',
      'infinity',
    ];
    for (const at of odd) {
      await expect(bob.ask('sync', { me: 1, known: {}, at }), at).rejects.toMatchObject({
        code: 'bad_request',
        field: 'at',
      });
    }
  });

  it('[SY70] tells whom I block, and when that last changed', async () => {
    const { ann } = await annAndBob();
    const ask = async () => {
      const { me, blocked, blocked_version } = await ann.ask('sync', { me: 0, known: {} });
      return { me, blocked, blocked_version };
    };
    const { me } = await ask();
    expect(await ask()).toEqual({ me, blocked: [], blocked_version: 0 });
    await ann.ask('block.add', { user: 'bob' });
    const blocked = { me: me + 1, blocked: ['bob'], blocked_version: me + 1 };
    expect(await ask()).toEqual(blocked);
    await ann.ask('block.add', { user: 'bob' });
    expect(await ask()).toEqual(blocked);
    await ann.ask('conversation.create', { kind: 'group', members: [] });
    expect(await ask()).toEqual({ ...blocked, me: me + 2 });
    await ann.ask('block.remove', { user: 'bob' });
    expect(await ask()).toEqual({ me: me + 3, blocked: [], blocked_version: me + 3 });
  });
});
