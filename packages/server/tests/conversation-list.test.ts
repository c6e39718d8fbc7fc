import { limits, newId } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenChanged, givenMessages, givenOpenGroups } from '../src/testing/given.ts';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function rowOf(socket: TestSocket, conversation: string) {
  const { conversations } = await socket.ask('conversation.list', {});
  const row = conversations.find((one) => one.id === conversation);
  expect((await socket.ask('conversation.get', { conversation })).conversation).toEqual(row);
  return row;
}

describe('conversation.list', () => {
  it('[CV20] shows my conversations, newest activity first', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const oldest = await createGroup(ann, ['bob'], 'oldest');
    const middle = await createDirect(bob, 'ann');
    const newest = await createGroup(bob, ['ann'], 'newest');
    await createGroup(bob, ['cy'], 'not mine');
    const order = async () =>
      (await ann.ask('conversation.list', {})).conversations.map((one) => one.id);
    await givenOrder(tenant.id, [newest.id, middle.id, oldest.id]);
    expect(await order()).toEqual([newest.id, middle.id, oldest.id]);
    await say(bob, oldest.id, 'up');
    expect(await order()).toEqual([oldest.id, newest.id, middle.id]);
    await bob.ask('conversation.update', { conversation: newest.id, name: 'renamed' });
    expect(await order()).toEqual([newest.id, oldest.id, middle.id]);
    await ann.ask('read', { conversation: middle.id, seq: 1 });
    expect(await order()).toEqual([newest.id, oldest.id, middle.id]);
  });

  it('[CV21] pages by cursor: each once, though others move up in between', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) ids.push((await createGroup(ann, [])).id);
    await givenOrder(tenant.id, ids);
    const seen: string[] = [];
    let cursor: string | null = null;
    const sizes: number[] = [];
    do {
      const page: { conversations: readonly { id: string }[]; cursor: string | null } =
        await ann.ask('conversation.list', { limit: 4, ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.conversations.map((one) => one.id));
      sizes.push(page.conversations.length);
      cursor = page.cursor;
      // The last of all moves up, in front of where the reader stands.
      if (sizes.length === 1) await say(ann, ids[8] ?? '', 'up');
    } while (cursor !== null);
    expect(sizes).toEqual([4, 4]);
    expect(seen).toEqual(ids.slice(0, 8));
  });

  it('[CV22] pages through conversations of the very same time', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push((await createGroup(ann, [])).id);
    await sql`update conversation set last_activity_at = '2026-02-03 04:05:06.789123+00'
      where tenant_id = ${tenant.id}`.execute(server.database.sql);
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let calls = 0; calls < 9; calls++) {
      const page = await ann.ask('conversation.list', {
        limit: 1,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.conversations.map((one) => one.id));
      if (page.cursor === null) break;
      cursor = page.cursor;
    }
    expect(seen).toEqual([...ids].sort().reverse());
  });

  it('[CV23] refuses a cursor that no list gave, and limits out of 1 to 50', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const id = newId();
    const cursors = [
      '',
      'x',
      id,
      `x_${id}`,
      '1_2',
      `1.5_${id}x`,
      `-1_${id}`,
      `1e3_${id}`,
      `NaN_${id}`,
    ];
    for (const cursor of cursors) {
      await expect(ann.ask('conversation.list', { cursor }), cursor).rejects.toMatchObject({
        code: 'bad_request',
        field: 'cursor',
      });
    }
    expect(await ann.ask('conversation.list', { cursor: `999999999999_${id}` })).toMatchObject({
      cursor: null,
    });
    for (const limit of [0, -1, 51, 1.5]) {
      await expect(ann.ask('conversation.list', { limit })).rejects.toMatchObject({
        code: 'bad_request',
        field: 'limit',
      });
    }
  });
});

describe('a row', () => {
  it('[CV24] counts as unread what others wrote after my mark: no acts, nothing of mine or deleted', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    await givenOpenGroups(server, tenant);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    const unread = async (socket: TestSocket) => (await rowOf(socket, id))?.unread;
    await say(bob, id, 'one');
    await say(bob, id, 'two');
    await say(ann, id, 'mine');
    const deleted = await say(bob, id, 'three');
    await bob.ask('conversation.update', { conversation: id, name: 'an act' });
    await ann.ask('member.add', { conversation: id, users: ['cy'] });
    expect([await unread(ann), await unread(bob)]).toEqual([3, 1]);
    await givenChanged({ server, tenant, conversation: id }, deleted.seq, { deleted: true });
    expect(await unread(ann)).toBe(2);
    await ann.ask('read', { conversation: id, seq: 1 });
    expect(await unread(ann)).toBe(1);
    await ann.ask('read', { conversation: id, seq: 2 });
    expect(await unread(ann)).toBe(0);
    await say(bob, id, 'four');
    expect([await unread(ann), await unread(bob)]).toEqual([1, 1]);
  });

  it('[CV25] looks for unread at the next 1,000 messages at most', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob']);
    const place = { server, tenant, conversation: id };
    await givenMessages(place, 'bob', limits.unreadWindow + 100);
    expect((await rowOf(ann, id))?.unread).toBe(limits.unreadWindow);
    await givenMessages(place, 'ann', limits.unreadWindow);
    await ann.ask('read', { conversation: id, seq: limits.unreadWindow + 90 });
    expect((await rowOf(ann, id))?.unread).toBe(10);
  });

  it('[CV26] previews the newest message, whoever sent it, also an act or one that was deleted', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    await givenOpenGroups(server, tenant);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    const first = await say(bob, id, 'first');
    const second = await say(ann, id, 'second', { reply_to: first.id });
    for (const socket of [ann, bob]) {
      const { messages } = await socket.ask('message.list', { conversation: id, limit: 1 });
      expect((await rowOf(socket, id))?.last_message).toEqual(messages[0]);
      expect(messages[0]).toEqual({
        id: second.id,
        seq: 2,
        sender: 'ann',
        kind: 'text',
        body: 'second',
        reply_to: first.id,
        created_at: second.created_at,
        version: 3,
      });
    }
    await givenChanged({ server, tenant, conversation: id }, 2, { deleted: true });
    expect((await rowOf(bob, id))?.last_message).toMatchObject({
      seq: 2,
      body: '',
      deleted_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await bob.ask('conversation.update', { conversation: id, name: 'New' });
    const row = await rowOf(ann, id);
    expect(row?.last_message).toMatchObject({
      kind: 'system',
      sender: 'bob',
      body: '',
      act: { type: 'renamed', name: 'New' },
    });
    expect(row?.last_activity_at).toBe(row?.last_message?.created_at);
  });
});

/** Activity in the past, the first of these the newest. */
async function givenOrder(tenant: string, ids: readonly string[]): Promise<void> {
  await sql`
    update conversation set last_activity_at = timestamptz '2026-01-01' - wanted.n * interval '1 hour'
    from unnest(${ids}::uuid[]) with ordinality as wanted (id, n)
    where conversation.tenant_id = ${tenant} and conversation.id = wanted.id`.execute(
    server.database.sql,
  );
}
