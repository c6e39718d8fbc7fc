import { conversationTopic, userTopic } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { type Fate, FaultyNetwork } from '../src/testing/faulty-network.ts';
import { givenChanged, givenMessages, givenOpenGroups } from '../src/testing/given.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let database: TestDatabase;
let network: FaultyNetwork;
let here: TestServer;
let there: TestServer;
beforeAll(async () => {
  database = await createTestDatabase();
  network = new FaultyNetwork();
  here = await startTestServer({ database, bus: network.node() });
  there = await startTestServer({ database, bus: network.node() });
});
afterAll(async () => {
  await here.drain();
  await there.drain();
  await database.drop();
});
beforeEach(() => {
  network.fate = () => 'arrive';
});

/** Ann here; Bob and Eve there. */
async function people() {
  const tenant = await here.tenant(['ann', 'bob', 'eve']);
  await givenOpenGroups(here, tenant);
  const away = new TestTenant(there, tenant.id);
  return {
    tenant,
    ann: await tenant.connect('ann'),
    bob: await away.connect('bob'),
    eve: await away.connect('eve'),
  };
}

/** The versions heard, and that they form a chain. */
function chain(socket: TestSocket, conversation: string): number[] {
  const changes = changesHeard(socket, conversation);
  expectUnbroken(changes);
  return changes.map((one) => one.version);
}

function upTo(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

async function heard(socket: TestSocket, conversation: string, version: number): Promise<void> {
  await Promise.race(
    (['message.created', 'message.updated', 'conversation.updated', 'member.updated'] as const).map(
      (name) =>
        socket.event(name, (one) => one.conversation === conversation && one.version === version),
    ),
  );
}

describe('between two nodes', () => {
  it('[HB20] whatever the bus loses, repeats and reorders, everybody hears everything in order', async () => {
    const { ann, bob, eve } = await people();
    const fate = fc.constantFrom<Fate>('arrive', 'lose', 'twice', 'hold');
    const acts = fc.array(fc.record({ who: fc.nat({ max: 2 }), rename: fc.boolean(), fate }), {
      minLength: 4,
      maxLength: 16,
    });
    const round = async (plan: { who: number; rename: boolean; fate: Fate }[], seed: number) => {
      const { id } = await createGroup(ann, ['bob', 'eve']);
      const rest = plan.map((one) => one.fate);
      network.fate = (message) => (message.type === 'change' ? (rest.shift() ?? 'lose') : 'arrive');
      await Promise.all(
        plan.map(({ who, rename }, i) => {
          const socket = [ann, bob, eve][who] ?? ann;
          return rename
            ? socket.ask('conversation.update', { conversation: id, name: `Name ${i}` })
            : say(socket, id, `text ${i}`);
        }),
      );
      network.release((held) => held.sort((a, b) => hashOf(a, seed) - hashOf(b, seed)));
      network.fate = () => 'arrive';
      // The next one shows what is missing, on both nodes.
      const { version } = await say(ann, id, 'last');
      for (const socket of [ann, bob, eve]) {
        await heard(socket, id, version);
        const changes = changesHeard(socket, id);
        expectUnbroken(changes);
        expect(changes.at(-1)?.version).toBe(version);
        expect(changes[0]?.prev ?? 1).toBe(1);
        const seqs = changes.flatMap((one) =>
          one.event === 'message.created' ? [one.message.seq] : [],
        );
        expect(seqs).toEqual(upTo(1, plan.length + 1));
        socket.events.length = 0;
      }
    };
    await fc.assert(fc.asyncProperty(acts, fc.integer(), round), { numRuns: 25 });
  }, 30_000);

  it('[HB21] a change lost with nothing after it arrives within 2 s', async () => {
    const { ann, bob } = await people();
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added');
    network.fate = () => 'lose';
    const started = performance.now();
    const lost = await say(ann, id, 'lost');
    const { message } = await bob.event('message.created');
    expect(message).toMatchObject({ id: lost.id, body: 'lost' });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('[HB22] rows that later changes replaced are told once, as a chain', async () => {
    const { tenant, ann, bob } = await people();
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await say(ann, id, 'one');
    await say(ann, id, 'two');
    await heard(bob, id, 3);
    // Nobody is told of these.
    const place = { server: here, tenant, conversation: id };
    await givenChanged(place, 1, { body: 'one, edited' });
    await givenMessages(place, 'ann', 1);
    await givenChanged(place, 1, { body: 'one, edited again' });
    await givenChanged(place, 3, { deleted: true });
    await givenChanged(place, 1, { body: 'one, at last' });
    const { version } = await say(ann, id, 'now');
    for (const socket of [ann, bob]) {
      await heard(socket, id, version);
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      expect(changes.slice(2)).toMatchObject([
        { event: 'message.created', version: 7, prev: 3, message: { seq: 3, body: '' } },
        { event: 'message.updated', version: 8, message: { seq: 1, body: 'one, at last' } },
        { event: 'message.created', version: 9, message: { seq: 4, body: 'now' } },
      ]);
    }
  });

  it('[HB23] a hole of more than a thousand messages is filled', async () => {
    const { tenant, ann, bob } = await people();
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added');
    await givenMessages({ server: here, tenant, conversation: id }, 'ann', 1_200);
    const { version } = await say(ann, id, 'now');
    for (const socket of [ann, bob]) {
      await heard(socket, id, version);
      expect(chain(socket, id)).toEqual(upTo(2, 1_202));
    }
  });

  it('[HB24] nothing held back reaches a newcomer when it is let go', async () => {
    const { tenant, ann, bob, eve } = await people();
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added');
    const topic = conversationTopic(tenant.id, id);
    network.fate = (_, to) => (to === topic ? 'hold' : 'arrive');
    await say(ann, id, 'first, on its way');
    await say(ann, id, 'second, early');
    await ann.ask('member.add', { conversation: id, users: ['eve'] });
    const added = await eve.event('conversation.added');
    network.fate = () => 'arrive';
    network.release((held) => held.reverse());
    const { version } = await say(ann, id, 'welcome');
    await Promise.all([heard(bob, id, version), heard(eve, id, version)]);
    expect(chain(bob, id)).toEqual(upTo(2, version));
    for (const one of chain(eve, id)) expect(one).toBeGreaterThan(added.conversation.version);
  });

  it('[HB25] nothing that was missed of an absence reaches who came back', async () => {
    const { ann, bob, eve } = await people();
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await say(ann, id, 'before');
    await Promise.all([heard(bob, id, 2), heard(eve, id, 2)]);
    network.fate = () => 'lose';
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    const secret = await say(ann, id, 'while eve is out');
    const { version: back } = await ann.ask('member.add', { conversation: id, users: ['eve'] });
    network.fate = () => 'arrive';
    const { version } = await say(ann, id, 'hello again');
    await heard(bob, id, version);
    // Eve hears it, or is told of the joining with a row that has it.
    await Promise.race([
      heard(eve, id, version),
      eve.event(
        'conversation.added',
        (one) => one.conversation.id === id && one.conversation.version >= version,
      ),
    ]);
    expect(chain(bob, id).at(-1)).toBe(version);
    const versions = changesHeard(eve, id).map((one) => one.version);
    expect(versions.filter((one) => one > 2 && one < back - 1)).toEqual([]);
    expect(JSON.stringify(eve.events)).not.toContain(secret.id);
  });
});

describe('news of joining and leaving between two nodes', () => {
  it('[HB26] lost with the bus, arrives within 2 s', async () => {
    const { ann, eve } = await people();
    network.fate = () => 'lose';
    const { id } = await createGroup(ann, ['eve']);
    const started = performance.now();
    const added = await eve.event('conversation.added');
    expect(added).toMatchObject({ me: 1, conversation: { id, version: 1 } });
    expect(performance.now() - started).toBeLessThan(2_000);
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    expect(await eve.event('conversation.removed')).toMatchObject({ me: 2, conversation: id });
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('[HB26] so is a joining after a leaving, with nothing after it', async () => {
    const { ann, eve } = await people();
    const { id } = await createGroup(ann, ['eve']);
    await eve.event('conversation.added');
    network.fate = () => 'lose';
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    const { version } = await ann.ask('member.add', { conversation: id, users: ['eve'] });
    const added = await eve.event('conversation.added', ({ me }) => me === 3);
    expect(added.conversation).toMatchObject({ id, version });
    expect(chain(eve, id)).toEqual([]);
  });

  it('[HB27] is told though the change itself showed it first', async () => {
    const { ann, bob, eve } = await people();
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await eve.event('conversation.added');
    network.fate = (message) => (message.type === 'left' ? 'lose' : 'arrive');
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    const { version } = await say(ann, id, 'without eve');
    await heard(bob, id, version);
    expect(await eve.event('conversation.removed')).toMatchObject({ me: 2, conversation: id });
    expect(chain(eve, id)).toEqual([]);
  });

  it('[HB28] of an old joining does not undo a later leaving', async () => {
    const { tenant, ann, bob, eve } = await people();
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added');
    const topic = userTopic(tenant.id, 'eve');
    network.fate = (_, to) => (to === topic ? 'hold' : 'arrive');
    await ann.ask('member.add', { conversation: id, users: ['eve'] });
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    network.release((held) => held.reverse());
    const { version } = await say(ann, id, 'eve is out');
    await heard(bob, id, version);
    await eve.settled();
    expect(changesHeard(eve, id).map((one) => one.version)).not.toContain(version);
    expect(eve.events.at(-1)?.event).not.toBe('conversation.added');
  });

  it('[HB29] of an old leaving does not undo a later joining', async () => {
    const { tenant, ann, eve } = await people();
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await eve.event('conversation.added');
    const topic = userTopic(tenant.id, 'eve');
    network.fate = (_, to) => (to === topic ? 'hold' : 'arrive');
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    await ann.ask('member.add', { conversation: id, users: ['eve'] });
    network.release((held) => held.reverse());
    const { version } = await say(ann, id, 'eve is in');
    await heard(eve, id, version);
    const told = eve.events.filter((one) => 'me' in one);
    expect(told.at(-1)?.event).toBe('conversation.added');
  });

  it('[HB30] while a person connects, is not overruled by what was read before it', async () => {
    const { tenant, ann, bob, eve } = await people();
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await eve.close();
    const topic = conversationTopic(tenant.id, id);
    for (let i = 0; i < 10; i++) {
      const away = new TestTenant(there, tenant.id);
      const [again] = await Promise.all([
        away.connect('eve'),
        ann.ask('member.remove', { conversation: id, user: 'eve' }),
      ]);
      const { version } = await say(ann, id, `${topic} ${i}`);
      await heard(bob, id, version);
      await again.settled();
      expect(changesHeard(again, id).map((one) => one.version)).not.toContain(version);
      await ann.ask('member.add', { conversation: id, users: ['eve'] });
      await again.event('conversation.added');
      await again.close();
    }
  });
});

function hashOf(one: object, seed: number): number {
  let hash = seed;
  for (const char of JSON.stringify(one))
    hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  return hash;
}
