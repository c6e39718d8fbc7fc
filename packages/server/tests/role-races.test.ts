import type { MemberRole } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenRole } from '../src/testing/given.ts';
import { race, turns } from '../src/testing/race.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const first: Readonly<Record<string, MemberRole>> = {
  ann: 'owner',
  bob: 'owner',
  cy: 'admin',
  dee: 'member',
};
const people = Object.keys(first);

interface Move {
  readonly at: number;
  readonly who: string;
  readonly whom: string;
  readonly to: MemberRole | 'out';
}

const role = fc.constantFrom<Move['to']>('owner', 'admin', 'member', 'member', 'out');
const who = fc.constantFrom(...people);
const move: fc.Arbitrary<Move> = fc.record({ at: fc.nat({ max: 8 }), who, whom: who, to: role });

describe('roles that change at one time', () => {
  it('[RO17] leave an owner at every version, in 60 interleavings', async () => {
    const tenant = await server.tenant([...people, 'eve']);
    const eve = await tenant.connect('eve');
    const sockets = new Map(
      await Promise.all(people.map(async (user) => [user, await tenant.connect(user)] as const)),
    );
    const ann = sockets.get('ann');
    if (ann === undefined) throw new Error('nobody');
    let done = 0;
    const round = async (moves: readonly Move[]) => {
      const { id: conversation } = await createGroup(ann, [...people, 'eve']);
      for (const [user, given] of Object.entries(first)) {
        await givenRole({ server, tenant, conversation }, user, given);
      }
      await Promise.all(
        moves.map(async ({ at, who: actor, whom: user, to }) => {
          await turns(at);
          const input = { conversation, user };
          const frame =
            to === 'out'
              ? { type: 'member.remove', ...input }
              : { type: 'member.update', ...input, role: to };
          const { error } = await (sockets.get(actor) ?? ann).reply(frame);
          if (error === undefined) done++;
          // Whatever is refused is refused for a reason of the rules, and never hangs or breaks.
          else expect(['not_allowed', 'not_found']).toContain(error.code);
        }),
      );
      // Eve only listens, and is never named: she hears everything.
      const last = await say(eve, conversation, 'last');
      await eve.event('message.created', (one) => one.message.id === last.id);
      const changes = changesHeard(eve, conversation);
      expectUnbroken(changes);
      expect(changes.map((one) => one.version)).toEqual(changes.map((_, i) => i + 2));
      const roles = new Map(Object.entries({ ...first, eve: 'member' }));
      for (const change of changes) {
        if (change.event !== 'member.updated') continue;
        const { member } = change;
        if (member.left_at === null) roles.set(member.id, member.role);
        else roles.delete(member.id);
        expect([...roles.values()], `at ${change.version}`).toContain('owner');
      }
      const { members } = await eve.ask('member.list', { conversation });
      expect(Object.fromEntries(members.map((one) => [one.id, one.role]))).toEqual(
        Object.fromEntries(roles),
      );
    };
    const plans = fc.array(move, { minLength: 4, maxLength: 10 });
    await race(60, plans, [eve, ...sockets.values()], round);
    expect(done).toBeGreaterThan(60);
  }, 60_000);

  it('[RO17] of two owners who demote each other one remains', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    for (let i = 0; i < 40; i++) {
      const { id: conversation } = await createGroup(ann, ['bob']);
      await ann.ask('member.update', { conversation, user: 'bob', role: 'owner' });
      const demote = { type: 'member.update', conversation, role: 'member' };
      const answers = await Promise.all([
        ann.reply({ ...demote, user: 'bob' }),
        bob.reply({ ...demote, user: 'ann' }),
        ann.reply({ ...demote, user: 'ann' }),
        bob.reply({ ...demote, user: 'bob' }),
      ]);
      expect(answers.filter((one) => one.error === undefined).length).toBeGreaterThan(0);
      const { members } = await ann.ask('member.list', { conversation });
      expect(members.filter((one) => one.role === 'owner')).toHaveLength(1);
    }
  });
});
