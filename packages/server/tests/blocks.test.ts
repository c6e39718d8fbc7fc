import { limits, type Message, newId } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenMembers, givenPeople, givenSettings } from '../src/testing/given.ts';
import { answerOf, createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Ann, who blocks; Bob, who is blocked; and Cy. */
async function three() {
  const tenant = await server.tenant(['ann', 'bob', 'cy']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const cy = await tenant.connect('cy');
  const block = () => ann.ask('block.add', { user: 'bob' });
  const unblock = () => ann.ask('block.remove', { user: 'bob' });
  return { tenant, ann, bob, cy, block, unblock };
}

function bodies(messages: readonly Message[]): string[] {
  return messages.map(({ kind, sender, body }) => `${kind} ${sender} ${body}`);
}

function heard(socket: TestSocket): string[] {
  return bodies(
    socket.events.flatMap((event) => (event.event === 'message.created' ? [event.message] : [])),
  );
}

async function refusal(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'done',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'broken'),
  );
}

describe('blocking', () => {
  it('[BL2] is told to every connection of who blocks, once, with the next `me`', async () => {
    const { tenant, ann, bob, block, unblock } = await three();
    const phone = await tenant.connect('ann');
    await Promise.all([block(), phone.ask('block.add', { user: 'bob' }), block()]);
    await Promise.all([unblock(), unblock(), phone.ask('block.remove', { user: 'nobody' })]);
    for (const socket of [ann, phone]) {
      await socket.settled();
      expect(socket.events).toEqual([
        { event: 'block.updated', me: ann.hello.me + 1, user: 'bob', blocked: true },
        { event: 'block.updated', me: ann.hello.me + 2, user: 'bob', blocked: false },
      ]);
    }
    await bob.settled();
    expect(bob.events).toEqual([]);
  });

  it('[BL3] leaves nothing that the blocked could see but what the table says', async () => {
    const { tenant, ann, bob, block, unblock } = await three();
    const group = await createGroup(ann, ['bob', 'cy']);
    const direct = await createDirect(ann, 'bob');
    await say(bob, group.id, 'text');
    await bob.event('conversation.added', (event) => event.conversation.id === direct.id);
    await bob.settled();
    const state = async () => {
      const { me } = (await tenant.connect('bob')).hello;
      const rows = await bob.ask('conversation.list', {});
      const versions = rows.conversations.map(({ id, version, last_activity_at }) => {
        return [id, version, last_activity_at];
      });
      return { me, versions, events: bob.events.length, list: await bob.ask('block.list', {}) };
    };
    const before = await state();
    await block();
    expect(await state()).toEqual(before);
    await unblock();
    expect(await state()).toEqual(before);
  });

  it('[BL4] of people one cannot see is answered as of people who do not exist', async () => {
    const { tenant, ann, bob, cy } = await three();
    const elsewhere = await server.tenant(['dee']);
    const foreign = await elsewhere.connect('dee');
    await foreign.settled();
    const add = (socket: TestSocket, user: string) => answerOf(socket, { type: 'block.add', user });
    const unknown = await add(ann, 'nobody');
    expect(JSON.parse(unknown)).toMatchObject({ error: { code: 'not_found', field: 'user' } });
    expect(await add(ann, 'dee')).toBe(unknown);
    expect(await refusal(ann.ask('block.add', { user: 'ann' }))).toBe('bad_request');
    // Who blocks me, and shares nothing with me.
    await bob.ask('block.add', { user: 'ann' });
    expect(await add(ann, 'bob')).toBe(unknown);
    // Whom the directory hides.
    for (const directory of ['shared', 'none'] as const) {
      await givenSettings(server, tenant, { directory });
      expect(await add(ann, 'cy')).toBe(unknown);
    }
    const group = await createGroup(cy, []);
    const place = { server, tenant, conversation: group.id };
    await givenMembers(place, ['ann', 'bob']);
    expect(await add(ann, 'cy')).toBe('{"id":0,"result":{}}');
    expect(await add(ann, 'bob')).toBe('{"id":0,"result":{}}');
    // Whom one blocks one blocks, seen or not.
    await cy.ask('conversation.leave', { conversation: group.id });
    expect(await add(ann, 'cy')).toBe('{"id":0,"result":{}}');
    for (const user of ['cy', 'cy', 'nobody', 'dee', 'ann']) {
      const removed = await answerOf(ann, { type: 'block.remove', user });
      expect(removed, user).toBe('{"id":0,"result":{}}');
    }
    expect(await add(ann, 'cy')).toBe(unknown);
  });

  it('[BL4] works for guests with those they share a conversation with, and of the deactivated', async () => {
    const { tenant, ann, bob, cy } = await three();
    const users = server.database.sql.updateTable('app_user').where('tenant_id', '=', tenant.id);
    await users.set({ role: 'guest' }).where('id', '=', 'ann').execute();
    expect(await refusal(ann.ask('block.add', { user: 'bob' }))).toBe('not_found');
    await createGroup(cy, ['ann', 'bob']);
    await users.set({ deactivated_at: new Date() }).where('id', '=', 'bob').execute();
    await ann.ask('block.add', { user: 'bob' });
    expect((await ann.ask('block.list', {})).users.map((user) => user.id)).toEqual(['bob']);
    await ann.ask('block.remove', { user: 'bob' });
    expect((await ann.ask('block.list', {})).users).toEqual([]);
    bob.terminate();
  });

  it('[BL5] has a limit, also for many calls at one time, and lists page by page', async () => {
    const { tenant, ann } = await three();
    const people = await givenPeople(server, tenant, limits.blocksPerUser + 3);
    const rest = people.slice(0, limits.blocksPerUser - 2);
    await sql`
      insert into block (tenant_id, blocker_id, blocked_id, created_at)
      select ${tenant.id}, 'ann', id, now() from unnest(${rest}::text[]) as id`.execute(
      server.database.sql,
    );
    const answers = await Promise.all(
      people.slice(-5).map((user) => refusal(ann.ask('block.add', { user }))),
    );
    expect(answers.sort()).toEqual(['done', 'done', 'too_many', 'too_many', 'too_many']);
    // Again is no more.
    await ann.ask('block.add', { user: rest[0] ?? '' });
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await ann.ask('block.list', cursor === undefined ? {} : { cursor });
      expect(page.users.length).toBeLessThanOrEqual(limits.page);
      listed.push(...page.users.map((user) => user.id));
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    expect(listed).toHaveLength(limits.blocksPerUser);
    expect(listed).toEqual([...new Set(listed)].sort());
    const { blocked } = await ann.ask('sync', { me: 0, known: {} });
    expect(blocked).toEqual(listed);
  });
});

describe('a direct conversation', () => {
  it('[BL10] is closed to both from the answer to a block on; what was stored before stays', async () => {
    const { ann, bob, block, unblock } = await three();
    const { id } = await createDirect(ann, 'bob');
    const stored = await say(bob, id, 'before');
    const sends = [ann, bob].flatMap((socket) =>
      Array.from({ length: 30 }, (_, i) => refusal(say(socket, id, `at the same time ${i}`))),
    );
    await block();
    const later = await Promise.all([ann, bob].map((socket) => refusal(say(socket, id, 'later'))));
    expect(later).toEqual(['not_allowed', 'not_allowed']);
    const outcomes = await Promise.all(sends);
    const others = outcomes.filter((one) => one !== 'done' && one !== 'not_allowed');
    expect(others).toEqual([]);
    const again = { id: stored.id };
    expect(await refusal(say(bob, id, 'before', again))).toBe('not_allowed');
    const { last_seq } = (await bob.ask('conversation.get', { conversation: id })).conversation;
    expect(last_seq).toBe(1 + outcomes.filter((one) => one === 'done').length);
    const { messages } = await ann.ask('message.list', { conversation: id, after: 0, limit: 1 });
    expect(bodies(messages)).toEqual(['text bob before']);
    await unblock();
    expect(await say(bob, id, 'before', again)).toMatchObject({ seq: stored.seq });
    expect(await say(ann, id, 'after')).toMatchObject({ seq: last_seq + 1 });
  });

  it('[BL11] is refused alike to both, and to strangers as ever', async () => {
    const { ann, bob, cy, block } = await three();
    const { id } = await createDirect(ann, 'bob');
    await block();
    const send = (conversation: string) => ({
      type: 'message.send',
      conversation,
      message: { id: newId(), body: 'Hello?' },
    });
    expect(await answerOf(bob, send(id))).toBe(await answerOf(ann, send(id)));
    expect(await answerOf(cy, send(id))).toBe(await answerOf(cy, send(newId())));
  });

  it('[BL12] stays closed while either blocks the other, whatever they do at one time', async () => {
    const { tenant } = await three();
    const people = await givenPeople(server, tenant, 24);
    await Promise.all(
      people.slice(0, 12).map(async (one, i) => {
        const other = people[i + 12] ?? '';
        const [left, right] = [await tenant.connect(one), await tenant.connect(other)];
        const { id } = await createDirect(left, other);
        const add = (socket: TestSocket, user: string) => socket.ask('block.add', { user });
        const remove = (socket: TestSocket, user: string) => socket.ask('block.remove', { user });
        await Promise.all([add(left, other), add(right, one)]);
        await remove(left, other);
        expect(await refusal(say(left, id, 'still'))).toBe('not_allowed');
        await Promise.all([remove(right, one), add(left, other)]);
        expect(await refusal(say(right, id, 'still'))).toBe('not_allowed');
        await Promise.all([remove(left, other), remove(right, one)]);
        expect(await refusal(say(right, id, 'free'))).toBe('done');
      }),
    );
  });

  it('[BL13] of a blocked pair does not come into being, whatever happens at one time', async () => {
    const { tenant } = await three();
    const people = await givenPeople(server, tenant, 40);
    const ends = await Promise.all(
      people.slice(0, 20).map(async (one, i) => {
        const other = people[i + 20] ?? '';
        const [left, right] = [await tenant.connect(one), await tenant.connect(other)];
        const [created] = await Promise.all([
          refusal(createDirect(i % 2 === 0 ? left : right, i % 2 === 0 ? other : one)),
          left.ask('block.add', { user: other }),
        ]);
        const { conversations } = await right.ask('conversation.list', {});
        if (created !== 'done') {
          expect(created).toBe(i % 2 === 0 ? 'not_allowed' : 'not_found');
          expect(conversations).toEqual([]);
          return 'none';
        }
        // It was there first: then the block has closed it.
        const id = conversations[0]?.id ?? '';
        expect(await refusal(say(left, id, 'closed'))).toBe('not_allowed');
        return 'closed';
      }),
    );
    expect(ends).toHaveLength(20);
  });

  it('[BL14] is not made with who blocks me, as with nobody; with whom I block after unblocking', async () => {
    const { ann, bob, cy, block, unblock } = await three();
    await block();
    const group = await createGroup(bob, ['cy']);
    const asked = (user: string) => [
      { type: 'conversation.create', kind: 'direct', members: [user] },
      { type: 'conversation.create', kind: 'group', members: [user] },
      { type: 'conversation.create', kind: 'group', members: ['cy', user] },
      { type: 'member.add', conversation: group.id, users: [user] },
      { type: 'user.get', users: [user] },
      { type: 'presence.watch', users: [user] },
    ];
    for (const [i, frame] of asked('ann').entries()) {
      const unknown = await answerOf(bob, asked('nobody')[i] ?? {});
      expect(await answerOf(bob, frame), JSON.stringify(frame)).toBe(unknown);
    }
    const refused = await ann.reply(asked('bob')[0] ?? {});
    expect(refused.error).toMatchObject({
      code: 'not_allowed',
      message: expect.stringContaining('Unblock them first'),
    });
    await ann.settled();
    expect(ann.events.map((event) => event.event)).toEqual(['block.updated']);
    // Others, and Ann herself, bring the two together.
    await createGroup(cy, ['ann', 'bob']);
    await createGroup(ann, ['bob']);
    await unblock();
    const { id } = await createDirect(bob, 'ann');
    await block();
    expect((await createDirect(bob, 'ann')).id).toBe(id);
    expect((await createDirect(ann, 'bob')).id).toBe(id);
  });
});

describe('a group', () => {
  it('[BL20] shows the texts of the blocked as placeholders, live on every connection', async () => {
    const { tenant, ann, bob, cy, block, unblock } = await three();
    const phone = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob', 'cy']);
    const quoted = await say(cy, id, 'one');
    await block();
    const said = await say(bob, id, 'two', { reply_to: quoted.id });
    await Promise.all([say(cy, id, 'three'), say(bob, id, 'four')]);
    await unblock();
    await say(bob, id, 'five');
    for (const socket of [ann, phone]) {
      await socket.settled();
      const told = heard(socket);
      expect(told.slice(0, 2)).toEqual(['text cy one', 'hidden null ']);
      expect(told.slice(2, 4).sort()).toEqual(['hidden null ', 'text cy three']);
      expect(told.slice(4)).toEqual(['text bob five']);
      const placeholder = await socket.event('message.created', (one) => one.message.seq === 2);
      expect(placeholder).toEqual({
        event: 'message.created',
        conversation: id,
        version: said.version,
        message: {
          id: said.id,
          seq: said.seq,
          sender: null,
          kind: 'hidden',
          body: '',
          created_at: said.created_at,
          version: said.version,
        },
      });
    }
    await cy.settled();
    expect(heard(cy)).toContain('text bob two');
  });

  it('[BL21] hides what was said before, in every page, and shows it again after', async () => {
    const { ann, bob, cy, block, unblock } = await three();
    const { id } = await createGroup(ann, ['bob', 'cy']);
    for (let i = 0; i < 6; i++) await say(i % 2 === 0 ? bob : cy, id, `${i}`);
    const shown = ['text bob 0', 'text cy 1', 'text bob 2', 'text cy 3', 'text bob 4', 'text cy 5'];
    const pages = async () => {
      const newest = await ann.ask('message.list', { conversation: id, limit: 3 });
      const before = await ann.ask('message.list', { conversation: id, before: 4 });
      const after = await ann.ask('message.list', { conversation: id, after: 3 });
      expect(bodies(after.messages)).toEqual(bodies(newest.messages));
      const reset = await ann.ask('sync', {
        me: 0,
        known: { [id]: { version: 0, last_seq: 0 } },
      });
      const [one] = reset.conversations;
      expect(one?.reset).toBe(true);
      const all = bodies([...before.messages, ...newest.messages]);
      expect(bodies(one?.messages ?? [])).toEqual(all);
      return all;
    };
    expect(await pages()).toEqual(shown);
    await block();
    expect(await pages()).toEqual(shown.map((one) => (one.includes('bob') ? 'hidden null ' : one)));
    await unblock();
    expect(await pages()).toEqual(shown);
  });

  it('[BL22] counts and previews nothing of the blocked, and still tells of their acts', async () => {
    const { ann, bob, cy, block, unblock } = await three();
    const { id } = await createGroup(ann, ['bob', 'cy']);
    await ann.ask('member.update', { conversation: id, user: 'bob', role: 'admin' });
    await say(cy, id, 'from cy');
    await say(bob, id, 'from bob');
    const row = async () => (await ann.ask('conversation.get', { conversation: id })).conversation;
    expect(await row()).toMatchObject({ unread: 2, last_message: { body: 'from bob' } });
    await block();
    expect(await row()).toMatchObject({
      unread: 1,
      last_message: { kind: 'hidden', sender: null, body: '', seq: (await row()).last_seq },
    });
    await bob.ask('conversation.update', { conversation: id, name: 'Named by Bob' });
    expect((await row()).last_message).toMatchObject({ kind: 'system', sender: 'bob' });
    await ann.settled();
    expect(heard(ann).at(-1)).toBe('system bob ');
    await unblock();
    expect((await row()).unread).toBe(2);
  });

  it('[BL23] keeps the typing of the blocked from who blocks them, from nobody else', async () => {
    const { ann, bob, cy, block } = await three();
    const { id } = await createGroup(ann, ['bob', 'cy']);
    await block();
    for (const socket of [ann, bob]) {
      await socket.ask('typing', { conversation: id, typing: true });
      await cy.event('typing');
    }
    await say(cy, id, 'marker');
    for (const socket of [ann, bob]) await socket.settled();
    const signs = (socket: TestSocket) =>
      socket.events.flatMap((event) => (event.event === 'typing' ? [event.user] : []));
    expect(signs(cy)).toEqual(['ann', 'bob']);
    expect(signs(bob)).toEqual(['ann']);
    expect(signs(ann)).toEqual([]);
  });
});

describe('presence', () => {
  it('[BL30] of two of whom one blocks the other ends for both, and comes back after', async () => {
    const { tenant, ann, bob, cy, block } = await three();
    await createGroup(cy, ['ann', 'bob']);
    for (const socket of [ann, bob, cy]) {
      await socket.ask('presence.watch', { users: ['ann', 'bob', 'cy'] });
    }
    await block();
    const gone = (user: string) => ({ event: 'presence', user, online: false, last_seen_at: null });
    expect(await ann.event('presence')).toEqual(gone('bob'));
    expect(await bob.event('presence')).toEqual(gone('ann'));
    // Comings and goings while it lasts; those of Cy show that they would have come.
    await Promise.all([ann.close(), bob.close(), cy.close()]);
    const again = await Promise.all(['ann', 'bob', 'cy'].map((user) => tenant.connect(user)));
    const watched = await Promise.all(
      again.map((socket) => socket.ask('presence.watch', { users: ['ann', 'bob', 'cy'] })),
    );
    const online = watched.map(({ users }) =>
      users.flatMap((one) => (one.online ? [one.id] : [])).sort(),
    );
    expect(online).toEqual([
      ['ann', 'cy'],
      ['bob', 'cy'],
      ['ann', 'bob', 'cy'],
    ]);
    const [newAnn, newBob, newCy] = again;
    if (newAnn === undefined || newBob === undefined || newCy === undefined) {
      throw new Error('nobody came back');
    }
    await newAnn.close();
    await newCy.event('presence', (event) => event.user === 'ann' && !event.online);
    await newBob.close();
    await newCy.event('presence', (event) => event.user === 'bob' && !event.online);
    const back = await tenant.connect('ann');
    await back.ask('presence.watch', { users: ['bob'] });
    await tenant.connect('bob');
    await newCy.event('presence', (event) => event.user === 'bob' && event.online);
    for (const socket of [newBob, back]) {
      expect(socket.events.filter((event) => event.event === 'presence')).toEqual([]);
    }
    await back.ask('block.remove', { user: 'bob' });
    const { users } = await back.ask('presence.watch', { users: ['bob'] });
    expect(users).toEqual([expect.objectContaining({ id: 'bob', online: true })]);
  });

  it('[BL31] of who was blocked while away is not told when they come', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    await createGroup(ann, ['bob']);
    await ann.ask('presence.watch', { users: ['bob', 'cy'] });
    await ann.ask('block.add', { user: 'bob' });
    const first = await ann.event('presence', (event) => event.user === 'bob');
    expect(first.online).toBe(false);
    const bob = await tenant.connect('bob');
    await bob.ask('presence.watch', { users: ['ann'] });
    await tenant.connect('cy');
    await ann.event('presence', (event) => event.user === 'cy' && event.online);
    const told = ann.events.filter((event) => event.event === 'presence' && event.user === 'bob');
    expect(told).toEqual([first]);
    const again = await bob.ask('presence.watch', { users: ['ann'] });
    expect(again.users).toEqual([{ id: 'ann', online: false, last_seen_at: null }]);
    expect(bob.events).toEqual([]);
  });
});
