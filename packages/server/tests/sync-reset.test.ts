import { limits } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  givenChanged,
  givenGroups,
  givenMembers,
  givenMessages,
  givenPeople,
} from '../src/testing/given.ts';
import { ModelClient } from '../src/testing/model-client.ts';
import { createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function annAndBob() {
  const tenant = await server.tenant(['ann', 'bob']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const { id } = await createGroup(ann, ['bob'], 'Start');
  return { tenant, ann, bob, id, place: { server, tenant, conversation: id } };
}

async function changed(socket: TestSocket, id: string, version: number, last_seq: number) {
  const answer = await socket.ask('sync', { me: 99, known: { [id]: { version, last_seq } } });
  const [only] = answer.conversations;
  if (only === undefined) throw new Error('nothing');
  return only;
}

const span = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('sync page by page', () => {
  it('[SY30] gives 200 messages, and goes on from the last row until nothing is missing', async () => {
    const { ann, bob, id, place } = await annAndBob();
    await givenMessages(place, 'ann', 450);
    // An old one and one of the first page change while the client goes through the pages.
    const seen = new Map<number, string>();
    let at = { version: 1, last_seq: 0 };
    const sizes: number[] = [];
    for (;;) {
      const answer = await changed(bob, id, at.version, at.last_seq);
      expect(answer.reset).toBe(false);
      for (const one of answer.messages) seen.set(one.seq, one.body);
      sizes.push(answer.messages.length);
      if (!answer.has_more) {
        expect([answer.version, answer.last_seq]).toEqual([453, 451]);
        break;
      }
      at = {
        version: answer.messages.at(-1)?.version ?? 0,
        last_seq: Math.max(...answer.messages.map((one) => one.seq)),
      };
      if (sizes.length === 1) {
        await givenChanged(place, 7, { body: 'edited' });
        await say(ann, id, 'another');
      }
    }
    expect(sizes).toEqual([200, 200, 52]);
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(span(1, 451));
    expect([seen.get(7), seen.get(451)]).toEqual(['edited', 'another']);
  });

  it('[SY31] says that all is told when a page is just full', async () => {
    const { bob, id, place } = await annAndBob();
    await givenMessages(place, 'ann', limits.messagesPerSync);
    const answer = await changed(bob, id, 1, 0);
    expect([answer.messages.length, answer.has_more]).toEqual([limits.messagesPerSync, false]);
  });

  it('[SY32] of very much text stays bounded, and still ends', async () => {
    const { tenant, ann, bob } = await annAndBob();
    const groups = await Promise.all(Array.from({ length: 6 }, () => createGroup(ann, ['bob'])));
    for (const group of groups) {
      const place = { server, tenant, conversation: group.id };
      await givenMessages(place, 'ann', 120, 'x'.repeat(limits.bodyCodePoints));
    }
    const known = new Map(groups.map((one) => [one.id, { version: 1, last_seq: 0 }]));
    let calls = 0;
    for (let left = known.size; left > 0; calls++) {
      const answer = await bob.ask('sync', { me: 99, known: Object.fromEntries(known) });
      expect(JSON.stringify(answer).length).toBeLessThan(6_000_000);
      left = 0;
      for (const one of answer.conversations) {
        if (one.has_more) left++;
        const last = one.messages.at(-1);
        if (last !== undefined) known.set(one.id, { version: last.version, last_seq: last.seq });
      }
      expect(calls).toBeLessThan(10);
    }
    expect([...known.values()]).toEqual(groups.map(() => ({ version: 121, last_seq: 120 })));
    expect(calls).toBeGreaterThan(1);
  });
});

describe('sync that cannot catch up', () => {
  it('[SY40] resets above 500 changed rows, not at 500: the newest page, members and fields', async () => {
    const { bob, id, place } = await annAndBob();
    await givenMessages(place, 'ann', limits.changesBeforeReset);
    const just = await changed(bob, id, 1, 0);
    expect([just.reset, just.has_more, just.messages.length]).toEqual([false, true, 200]);
    await givenMessages(place, 'ann', 1);
    const answer = await changed(bob, id, 1, 0);
    expect(answer).toMatchObject({
      reset: true,
      has_more: false,
      version: 502,
      last_seq: 501,
      first_seq: 1,
      unread: 501,
      conversation: { name: 'Start', member_count: 2 },
      members: [{ id: 'ann' }, { id: 'bob' }],
      marks: { ann: { read: 0, delivered: 0 }, bob: { read: 0, delivered: 0 } },
    });
    expect(answer.messages.map((one) => one.seq)).toEqual(span(452, 501));
    const newest = await bob.ask('message.list', { conversation: id });
    expect(answer.messages).toEqual(newest.messages);
  });

  it('[SY41] counts rows, not versions: a thousand changes of a few rows are told', async () => {
    const { bob, id, place } = await annAndBob();
    await givenMessages(place, 'ann', 3);
    await sql`update conversation set version = 2000 where id = ${id}`.execute(server.database.sql);
    await givenChanged(place, 2, { body: 'the last of many' });
    const answer = await changed(bob, id, 4, 3);
    expect(answer).toMatchObject({ reset: false, version: 2_001 });
    expect(answer.messages).toMatchObject([{ seq: 2, body: 'the last of many', version: 2_001 }]);
  });

  it('[SY42] counts members among the rows', async () => {
    const { tenant, ann, bob, id, place } = await annAndBob();
    const people = await givenPeople(server, tenant, 450);
    await givenMessages(place, 'ann', 49);
    await ann.ask('member.add', { conversation: id, users: people });
    const just = await changed(bob, id, 1, 0);
    expect(just.reset).toBe(false);
    expect(just.members.map((one) => one.id)).toEqual(people);
    expect(just.conversation).toEqual({ name: 'Start', member_count: 452 });
    expect(just.messages).toHaveLength(50);
    await say(ann, id, 'one more');
    const answer = await changed(bob, id, 1, 0);
    expect(answer.reset).toBe(true);
    expect(answer.members.map((one) => one.id)).toEqual(['ann', 'bob', ...people.slice(0, 48)]);
  });

  it('[SY43] resets what claims to be ahead of the head', async () => {
    const { ann, bob, id } = await annAndBob();
    await say(ann, id, 'one');
    for (const [version, last_seq] of [
      [3, 1],
      [2, 2],
      [Number.MAX_SAFE_INTEGER, 0],
      [0, Number.MAX_SAFE_INTEGER],
    ] as const) {
      const answer = await changed(bob, id, version, last_seq);
      expect(answer, `${version} ${last_seq}`).toMatchObject({
        reset: true,
        version: 2,
        last_seq: 1,
        messages: [{ seq: 1 }],
      });
    }
  });

  it('[SY48] resets what was known from before messages that are removed since', async () => {
    const { ann, bob, id, place } = await annAndBob();
    await givenMessages(place, 'ann', 30);
    await server.database.sql.transaction().execute(async (trx) => {
      await sql`delete from message where conversation_id = ${id} and seq <= 20`.execute(trx);
      await sql`update conversation set first_seq = 21 where id = ${id}`.execute(trx);
    });
    await say(ann, id, 'after');
    const below = await changed(bob, id, 20, 19);
    expect([below.reset, below.first_seq]).toEqual([true, 21]);
    expect(below.messages.map(({ seq }) => seq)).toEqual(span(21, below.last_seq));
    const floor = below.messages[0]?.version ?? 0;
    const above = await changed(bob, id, floor - 1, 20);
    expect(above.reset).toBe(false);
    expect(above.messages.map(({ seq }) => seq)).toEqual(span(21, below.last_seq));
  });

  it('[SY44] resets what was known before the joining, and shows nothing from before it', async () => {
    const { ann, bob, id, place } = await annAndBob();
    await say(ann, id, 'before');
    const { conversation } = await bob.ask('conversation.get', { conversation: id });
    await bob.ask('conversation.leave', { conversation: id });
    await givenMessages(place, 'ann', 60);
    await ann.ask('member.add', { conversation: id, users: ['bob'] });
    await say(ann, id, 'after');
    const { version, last_seq } = conversation;
    const answer = await bob.ask('sync', { me: 1, known: { [id]: { version, last_seq } } });
    expect(answer.conversations).toMatchObject([
      { id, reset: true, first_seq: 63, last_seq: 64, unread: 1 },
    ]);
    expect(answer.conversations[0]?.messages.map((one) => one.seq)).toEqual([63, 64]);
    expect(answer.added.map((one) => one.id)).toEqual([id]);
    expect([answer.removed, answer.me]).toEqual([[], 3]);
    // From the joining on it catches up as others do.
    const joined = answer.added[0]?.members.find((one) => one.id === 'bob')?.version ?? 0;
    const since = await changed(bob, id, joined, 62);
    expect(since.reset).toBe(false);
    expect(since.messages.map((one) => one.seq)).toEqual([63, 64]);
    const before = await changed(bob, id, joined - 1, 62);
    expect(before.reset).toBe(true);
  });

  it('[SY45] resets everything after another epoch, and tells all conversations anew', async () => {
    await using own = await startTestServer();
    const tenant = await own.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob']);
    await say(ann, id, 'one');
    const known = { [id]: { version: 2, last_seq: 1 } };
    const { epoch } = ann.hello;
    const same = await ann.ask('sync', { epoch, me: 1, known });
    expect(same.conversations).toMatchObject([{ reset: false, messages: [] }]);
    expect(same.added).toEqual([]);
    await sql`update installation set epoch = 'another'`.execute(own.database.sql);
    const other = await ann.ask('sync', { epoch, me: 1, known });
    expect(other).toMatchObject({
      epoch: 'another',
      me: 1,
      conversations: [{ id, reset: true, messages: [{ seq: 1 }] }],
      added: [{ id }],
    });
    const again = await ann.ask('sync', { epoch: 'another', me: 1, known });
    expect(again.conversations).toMatchObject([{ reset: false }]);
    // A client that knows none yet is not reset.
    const first = await ann.ask('sync', { me: 1, known });
    expect(first.conversations).toMatchObject([{ reset: false }]);
  });

  it('[SY46] shows a large group by its first fifty', async () => {
    const { tenant, bob, id, place } = await annAndBob();
    const people = await givenPeople(server, tenant, 200);
    await givenMembers(place, people);
    const answer = await changed(bob, id, 9, 9);
    expect(answer.members).toHaveLength(limits.membersInRow);
    expect(answer.conversation?.member_count).toBe(202);
    expect(answer.marks).toEqual({ bob: { read: 0, delivered: 0 } });
  });

  it('[SY47] resets more than fits one answer by and by, each before it goes on', async () => {
    await using own = await startTestServer();
    const tenant = await own.tenant(['ann']);
    await givenGroups(own, tenant, 'ann', 60, 50);
    const ann = await tenant.connect('ann');
    const client = new ModelClient();
    await client.sync(ann);
    // Another history, with the same numbers.
    await sql`update message set body = 'restored'`.execute(own.database.sql);
    await sql`update installation set epoch = 'another'`.execute(own.database.sql);
    // Everybody is sent away then, to read anew.
    await ann.closed;
    const again = await tenant.connect('ann');
    await client.sync(again);
    const fresh = await ModelClient.fresh(again, (id) => client.floor(id));
    expect(client.state()).toEqual(fresh.state());
  });
});
