import { limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenGroups, givenMembers, givenPeople } from '../src/testing/given.ts';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function talk(messages: number) {
  const tenant = await server.tenant(['ann', 'bob', 'cy']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const { id } = await createGroup(ann, ['bob']);
  for (let i = 0; i < messages; i++) await say(ann, id, `${i}`);
  return { tenant, ann, bob, id };
}

async function markOf(socket: TestSocket, conversation: string, user: string) {
  const row = (await socket.ask('conversation.get', { conversation })).conversation;
  return row.marks[user];
}

function marksHeard(socket: TestSocket): [string, string, number][] {
  return socket.events.flatMap((event): [string, string, number][] =>
    event.event === 'read' || event.event === 'delivered'
      ? [[event.event, event.user, event.seq]]
      : [],
  );
}

describe('read', () => {
  it('[MK1] moves forward only, is told to everybody, and what is read was delivered', async () => {
    const { tenant, ann, bob, id } = await talk(5);
    const cy = await tenant.connect('cy');
    const phone = await tenant.connect('bob');
    for (const seq of [2, 1, 2, 0, 4]) await bob.ask('read', { conversation: id, seq });
    for (const socket of [ann, bob, phone]) {
      await socket.settled();
      expect(marksHeard(socket)).toEqual([
        ['read', 'bob', 2],
        ['read', 'bob', 4],
      ]);
      expect(await markOf(socket, id, 'bob')).toEqual({ read: 4, delivered: 4 });
      expect(await markOf(socket, id, 'ann')).toEqual({ read: 0, delivered: 0 });
    }
    await cy.settled();
    expect(cy.events).toEqual([]);
  });

  it('[MK2] above the newest message counts as the newest message', async () => {
    const { ann, bob, id } = await talk(3);
    await bob.ask('read', { conversation: id, seq: 9_999 });
    expect(await ann.event('read')).toEqual({
      event: 'read',
      conversation: id,
      user: 'bob',
      seq: 3,
    });
    await say(ann, id, 'new');
    expect(await markOf(bob, id, 'bob')).toEqual({ read: 3, delivered: 3 });
    await bob.ask('read', { conversation: id, seq: Number.MAX_SAFE_INTEGER });
    expect(await markOf(bob, id, 'bob')).toEqual({ read: 4, delivered: 4 });
  });

  it('[MK3] takes no version and changes nothing else, however many are on their way', async () => {
    const { tenant, ann, bob, id } = await talk(40);
    const phone = await tenant.connect('bob');
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? bob : phone).ask('read', { conversation: id, seq: ((i * 17) % 40) + 1 }),
      ),
    );
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation).toMatchObject({ version: 41, last_seq: 40 });
    expect(conversation.marks['bob']).toEqual({ read: 40, delivered: 40 });
    await ann.settled();
    const told = marksHeard(ann).map(([, , seq]) => seq);
    expect(Math.max(...told)).toBe(40);
    expect(new Set(told).size).toBe(told.length);
  });

  it('[MK4] refuses what is no sequence number, and conversations that are not mine', async () => {
    const { tenant, bob, id } = await talk(1);
    for (const seq of [-1, 1.5, '1', null, {}, 2 ** 53]) {
      const { error } = await bob.reply({ type: 'read', conversation: id, seq });
      expect(error, JSON.stringify(seq)).toMatchObject({ code: 'bad_request', field: 'seq' });
    }
    const cy = await tenant.connect('cy');
    await expect(cy.ask('read', { conversation: id, seq: 1 })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await markOf(bob, id, 'bob')).toEqual({ read: 0, delivered: 0 });
  });
});

describe('delivered', () => {
  it('[MK10] marks many conversations at once, each forward only, apart from what is read', async () => {
    const { ann, bob, id } = await talk(5);
    const direct = await createDirect(ann, 'bob');
    await say(ann, direct.id, 'hello');
    const deliver = (marks: Record<string, number>) => bob.ask('delivered', { marks });
    await deliver({ [id]: 2, [direct.id]: 9 });
    await deliver({ [id]: 1 });
    await deliver({ [id.toUpperCase()]: 4, [direct.id]: 1 });
    await deliver({});
    await ann.settled();
    expect(
      marksHeard(ann)
        .filter(([name]) => name === 'delivered')
        .sort(),
    ).toEqual([
      ['delivered', 'bob', 1],
      ['delivered', 'bob', 2],
      ['delivered', 'bob', 4],
    ]);
    expect(await markOf(ann, id, 'bob')).toEqual({ read: 0, delivered: 4 });
    expect(await markOf(ann, direct.id, 'bob')).toEqual({ read: 0, delivered: 1 });
    await bob.ask('read', { conversation: id, seq: 3 });
    expect(await markOf(ann, id, 'bob')).toEqual({ read: 3, delivered: 4 });
    await bob.ask('read', { conversation: id, seq: 5 });
    expect(await markOf(ann, id, 'bob')).toEqual({ read: 5, delivered: 5 });
    await deliver({ [id]: 4 });
    expect(await markOf(ann, id, 'bob')).toEqual({ read: 5, delivered: 5 });
  });

  it('[MK11] passes over what is not mine, and takes the rest', async () => {
    const { tenant, ann, bob, id } = await talk(2);
    const other = await server.tenant(['ann', 'bob']);
    const foreign = await createGroup(await other.connect('ann'), ['bob']);
    const left = await createGroup(ann, ['bob']);
    await bob.ask('conversation.leave', { conversation: left.id });
    const notHis = await createGroup(await tenant.connect('cy'), ['ann']);
    const invented = '01890000-0000-7000-8000-000000000000';
    const marks = Object.fromEntries(
      [foreign.id, left.id, notHis.id, invented, id].map((one) => [one, 2]),
    );
    expect(await bob.ask('delivered', { marks })).toEqual({});
    await ann.event('delivered', (event) => event.conversation === id && event.seq === 2);
    await ann.settled();
    expect(marksHeard(ann)).toHaveLength(1);
  });

  it('[MK12] takes 500 conversations a call, also from two devices in opposite order', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const phone = await tenant.connect('ann');
    const ids = await givenGroups(server, tenant, 'ann', 300, 8);
    const marks = (order: readonly string[], seq: number) =>
      Object.fromEntries(order.map((id) => [id, seq]));
    const upwards = [1, 2, 3, 4, 5, 6, 7, 8];
    await Promise.all(
      upwards.flatMap((seq) => [
        ann.ask('delivered', { marks: marks(ids, seq) }),
        phone.ask('delivered', { marks: marks([...ids].reverse(), seq) }),
        ...ids.slice(0, 5).map((id) => phone.ask('read', { conversation: id, seq })),
      ]),
    );
    const { conversations } = await ann.ask('conversation.list', {});
    expect(conversations).toHaveLength(limits.page);
    for (const row of conversations) expect(row.marks['ann']?.delivered).toBe(8);
    const many = Array.from(
      { length: limits.knownPerSync + 1 },
      (_, i) => `01890000-0000-7000-8000-${String(i).padStart(12, '0')}`,
    );
    await expect(ann.ask('delivered', { marks: marks(many, 1) })).rejects.toMatchObject({
      code: 'bad_request',
      field: 'marks',
    });
    expect(await ann.ask('delivered', { marks: marks(many.slice(1), 1) })).toEqual({});
  });
});

describe('unread', () => {
  it('[MK20] is never a counter: sending, repeats and marks at once leave it right', async () => {
    const { ann, bob, id } = await talk(0);
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const { seq } = await say(i % 3 === 0 ? bob : ann, id, `${i}`);
        if (i % 10 === 9) await bob.ask('read', { conversation: id, seq });
      }),
    );
    const { conversation } = await bob.ask('conversation.get', { conversation: id });
    const { messages } = await bob.ask('message.list', { conversation: id });
    const read = conversation.marks['bob']?.read ?? 0;
    const expected = messages.filter((one) => one.seq > read && one.sender !== 'bob').length;
    expect(conversation.unread).toBe(expected);
    await bob.ask('read', { conversation: id, seq: 30 });
    const after = await bob.ask('conversation.get', { conversation: id });
    expect(after.conversation.unread).toBe(0);
  });
});

describe('a group of more than 100', () => {
  it('[MK30] shows everybody their own mark only, and tells nobody else of it', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const people = await givenPeople(server, tenant, limits.membersWithMarks - 2);
    const ann = await tenant.connect('ann');
    const phone = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    await givenMembers({ server, tenant, conversation: id }, people);
    await say(bob, id, 'one');
    await say(bob, id, 'two');

    // One hundred: still everybody's.
    await ann.ask('read', { conversation: id, seq: 1 });
    await bob.event('read');
    const { conversation } = await bob.ask('conversation.get', { conversation: id });
    expect(Object.keys(conversation.marks)).toHaveLength(limits.membersWithMarks);

    await ann.ask('member.add', { conversation: id, users: ['cy'] });
    const cy = await tenant.connect('cy');
    await ann.ask('read', { conversation: id, seq: 2 });
    await ann.ask('delivered', { marks: { [id]: 3 } });
    for (const socket of [ann, phone]) {
      await socket.event('read', (event) => event.seq === 2);
    }
    for (const socket of [bob, cy]) {
      await socket.settled();
      expect(marksHeard(socket).filter(([, , seq]) => seq > 1)).toEqual([]);
    }
    const rows = await Promise.all(
      [ann, bob, cy].map((socket) => socket.ask('conversation.get', { conversation: id })),
    );
    expect(rows.map((row) => row.conversation.marks)).toEqual([
      { ann: { read: 2, delivered: 3 } },
      { bob: { read: 0, delivered: 0 } },
      { cy: { read: 2, delivered: 2 } },
    ]);
    const answer = await bob.ask('sync', { me: 0, known: { [id]: { version: 1, last_seq: 0 } } });
    expect(answer.conversations[0]?.marks).toEqual({ bob: { read: 0, delivered: 0 } });
  });

  it('[MK31] tells each newcomer of one joining their own mark', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const people = await givenPeople(server, tenant, limits.membersWithMarks);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const { id } = await createGroup(ann, []);
    await givenMembers({ server, tenant, conversation: id }, people);
    await say(ann, id, 'one');
    await ann.ask('member.add', { conversation: id, users: ['bob', 'cy'] });
    for (const [socket, user] of [
      [bob, 'bob'],
      [cy, 'cy'],
    ] as const) {
      const { conversation } = await socket.event('conversation.added');
      expect(conversation.marks).toEqual({ [user]: { read: 1, delivered: 1 } });
      const row = await socket.ask('conversation.get', { conversation: id });
      expect(row.conversation).toEqual(conversation);
    }
  });
});
