import { newId } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenOpenGroups } from '../src/testing/given.ts';
import { moments, race, turns } from '../src/testing/race.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const senders = ['ann', 'bob', 'cy'];

async function connectAll(tenant: TestTenant, users: readonly string[]): Promise<TestSocket[]> {
  return Promise.all(users.map((user) => tenant.connect(user)));
}

describe('a removal amid sends', () => {
  it('[MB30] keeps everything that is committed after it from the removed, in 200 interleavings', async () => {
    const tenant = await server.tenant([...senders, 'eve']);
    const [ann, bob, cy, eve] = await connectAll(tenant, [...senders, 'eve']);
    if (!ann || !bob || !cy || !eve) throw new Error('nobody');
    const evesPhone = await tenant.connect('eve');
    const round = async ({ at, byHerself }: { at: readonly number[]; byHerself: boolean }) => {
      const { id } = await createGroup(ann, ['bob', 'cy', 'eve']);
      const [removeAt = 0, ...sendAt] = at;
      const removing = turns(removeAt).then(() =>
        byHerself
          ? eve.ask('conversation.leave', { conversation: id })
          : ann.ask('member.remove', { conversation: id, user: 'eve' }),
      );
      // Her own reading meanwhile: no page may hold what came after the removal either.
      const pages: number[] = [];
      const reading = (async () => {
        for (let i = 0; i < 3; i++) {
          const page = await eve.ask('message.list', { conversation: id }).catch(() => null);
          if (page === null) return;
          pages.push(...page.messages.map((one) => one.version));
        }
      })();
      const sending = sendAt.map(async (moment, i) => {
        await turns(moment);
        const socket = [ann, bob, cy][i % 3] ?? ann;
        await say(socket, id, `${i}`);
        if (i === 0) await socket.ask('read', { conversation: id, seq: 1 });
      });
      const [{ version }] = await Promise.all([removing, reading, ...sending]);
      // The act that tells of it takes the version after.
      const ended = version - 1;
      await Promise.all([ann, bob, eve, evesPhone].map((socket) => socket.settled()));
      for (const socket of [eve, evesPhone]) {
        const heard = changesHeard(socket, id);
        expectUnbroken(heard);
        for (const one of heard) expect(one.version).toBeLessThan(ended);
        const ofIt = socket.events.filter((event) => JSON.stringify(event).includes(id));
        expect(ofIt.at(-1)?.event).toBe('conversation.removed');
      }
      for (const one of pages) expect(one).toBeLessThan(ended);
      const heard = changesHeard(bob, id);
      expectUnbroken(heard);
      expect(heard).toHaveLength(sendAt.length + 2);
    };
    const plans = fc.record({ at: moments(6), byHerself: fc.boolean() });
    await race(200, plans, [ann, bob, cy, eve, evesPhone], round);
  }, 30_000);

  it('[MB31] ends sending too: a removed sender is refused, whatever was under way', async () => {
    const tenant = await server.tenant([...senders]);
    const [ann, bob] = await connectAll(tenant, senders);
    if (!ann || !bob) throw new Error('nobody');
    for (let i = 0; i < 20; i++) {
      const { id } = await createGroup(ann, ['bob']);
      const sends = Array.from({ length: 10 }, async (_, n) => {
        await turns(n);
        const message = { id: newId(), body: `${n}` };
        return bob.reply({ type: 'message.send', conversation: id, message });
      });
      await turns(i % 10);
      const { version } = await ann.ask('member.remove', { conversation: id, user: 'bob' });
      for (const reply of await Promise.all(sends)) {
        if (reply.error !== undefined) expect(reply.error.code).toBe('not_found');
      }
      const { messages } = await ann.ask('message.list', { conversation: id });
      for (const one of messages) {
        if (one.sender === 'bob') expect(one.version).toBeLessThan(version - 1);
      }
      expect(messages.map((one) => one.seq)).toEqual(messages.map((_, n) => n + 1));
    }
  });
});

describe('a joining amid sends', () => {
  it('[MB32] keeps what was said before it from the newcomer, though it leaves in the same tick', async () => {
    const tenant = await server.tenant([...senders, 'new']);
    await givenOpenGroups(server, tenant);
    const [ann, bob, cy, newcomer] = await connectAll(tenant, [...senders, 'new']);
    if (!ann || !bob || !cy || !newcomer) throw new Error('nobody');
    const round = async (at: readonly number[]) => {
      const { id } = await createGroup(ann, ['bob', 'cy']);
      const [addAt = 0, ...sendAt] = at;
      const adding = turns(addAt).then(() =>
        bob.ask('member.add', { conversation: id, users: ['new'] }),
      );
      const sending = sendAt.map(async (moment, i) => {
        await turns(moment);
        return say([ann, bob, cy][i % 3] ?? ann, id, `${i}`);
      });
      await Promise.all([adding, ...sending]);
      const last = await say(ann, id, 'last');
      await newcomer.event('message.created', (event) => event.message.id === last.id);
      const added = await newcomer.event('conversation.added', (one) => one.conversation.id === id);
      const { first_seq: first, members } = added.conversation;
      const joined = members.find((one) => one.id === 'new')?.version ?? Number.POSITIVE_INFINITY;
      const heard = changesHeard(newcomer, id);
      for (const one of heard) {
        expect(one.version).toBeGreaterThan(joined);
        if (one.event === 'message.created') expect(one.message.seq).toBeGreaterThanOrEqual(first);
      }
      // The row and what is heard after it make the whole: nothing is missing in between.
      expectUnbroken(heard);
      expect(heard[0]?.prev ?? (heard[0]?.version ?? 0) - 1).toBeLessThanOrEqual(
        added.conversation.version,
      );
      const { messages } = await newcomer.ask('message.list', { conversation: id });
      expect(messages.map((one) => one.seq)).toEqual(messages.map((_, i) => first + i));
    };
    await race(100, moments(6), [ann, bob, cy, newcomer], round);
  }, 30_000);
});

describe('joinings and removals at once', () => {
  it('[MB33] leave exactly the members listening, whoever came and went meanwhile', async () => {
    const crowd = ['dee', 'eli', 'fay', 'gus'];
    const tenant = await server.tenant([...senders, ...crowd]);
    await givenOpenGroups(server, tenant);
    const [ann, bob] = await connectAll(tenant, senders);
    const sockets = await connectAll(tenant, crowd);
    if (!ann || !bob) throw new Error('nobody');
    const act = fc.record({
      at: fc.nat({ max: 10 }),
      add: fc.boolean(),
      who: fc.subarray(crowd, { minLength: 1 }),
    });
    const round = async (acts: readonly { at: number; add: boolean; who: readonly string[] }[]) => {
      const { id } = await createGroup(ann, ['bob']);
      await Promise.all(
        acts.map(async ({ at, add, who }) => {
          await turns(at);
          if (add) {
            await bob.ask('member.add', { conversation: id, users: [...who] });
            return;
          }
          await Promise.all(
            who.map((user) => ann.reply({ type: 'member.remove', conversation: id, user })),
          );
        }),
      );
      const { members } = await ann.ask('member.list', { conversation: id });
      const inside = new Set(members.map((one) => one.id));
      const marker = await say(ann, id, 'who is in?');
      await Promise.all(
        crowd.map(async (user, i) => {
          const socket = sockets[i];
          await socket?.settled();
          const heard = changesHeard(socket ?? ann, id).filter(
            (one) => one.version >= marker.version,
          );
          expect(heard.length, `${user} in ${[...inside]}`).toBe(inside.has(user) ? 1 : 0);
          const grown = newsOf(socket ?? ann, id);
          expect(grown).toEqual([...new Set(grown)].sort((a, b) => a - b));
        }),
      );
    };
    const plans = fc.array(act, { minLength: 4, maxLength: 8 });
    await race(50, plans, [ann, bob, ...sockets], round);
  }, 30_000);
});

/** The personal versions of the joinings and leavings in a conversation that a socket heard. */
function newsOf(socket: TestSocket, conversation: string): number[] {
  return socket.events.flatMap((event) => {
    if (event.event === 'conversation.removed') {
      return event.conversation === conversation ? [event.me] : [];
    }
    if (event.event !== 'conversation.added') return [];
    return event.conversation.id === conversation ? [event.me] : [];
  });
}
