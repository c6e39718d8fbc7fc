import { newId, type SyncResult } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../src/context.ts';
import { FairTurns } from '../src/limits/fair-turns.ts';
import { type Sync, sync } from '../src/sync/sync.ts';
import { syncTogether } from '../src/sync/sync-together.ts';
import { Syncs } from '../src/sync/syncs.ts';
import { givenMessages } from '../src/testing/given.ts';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import { upsertUser } from '../src/users/upsert-user.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const people = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay'] as const;

/** As much of a context as reading needs. */
function contextOf(tenant: TestTenant, user: string): Context {
  return {
    scope: { tenant: tenant.id, user },
    session: { kid: '', registration: newId(), issuedAt: 0 },
    db: server.database.db.of(tenant.id),
    bus: server.bus,
    append: {
      send: () => Promise.reject(new Error('These tests send by sockets.')),
      close: async () => {},
    },
    now: Date.now,
  };
}

function knownOf(answer: SyncResult, before: Sync): Sync {
  const known = new Map(before.known);
  for (const id of answer.removed) known.delete(id);
  for (const { id, version, last_seq } of [...answer.conversations, ...answer.added]) {
    known.set(id, { version, last_seq });
  }
  return { epoch: answer.epoch, me: answer.me, known, at: answer.at };
}

/** The one that is read for all at once, and what each gets alone; without the times of the answers. */
async function both(tenant: TestTenant, asked: readonly { user: string; input: Sync }[]) {
  const asking = asked.map(({ user, input }) => ({
    user,
    input,
    at: input.at === undefined ? undefined : new Date(input.at),
  }));
  const { sql: db } = server.database.db.of(tenant.id);
  const together = await syncTogether(db, tenant.id, asking);
  const alone = await Promise.all(
    asked.map(({ user, input }) => sync(contextOf(tenant, user), input)),
  );
  return asked.map(({ user }, n) => {
    const [one, other] = [together[n], alone[n]];
    if (one === undefined || other === undefined) throw new Error('no answer');
    return {
      user,
      together: one === 'alone' ? one : { ...one, at: '' },
      alone: { ...other, at: '' },
    };
  });
}

/** Groups in which everybody has been up to date once. */
async function settledTenant() {
  const tenant = await server.tenant([...people]);
  const sockets = new Map(
    await Promise.all(people.map(async (user) => [user, await tenant.connect(user)] as const)),
  );
  const of = (user: (typeof people)[number]) => sockets.get(user) ?? expect.unreachable();
  const group = await createGroup(of('ann'), ['bob', 'cy', 'dee'], 'All');
  const small = await createGroup(of('bob'), ['cy'], 'Two');
  const direct = await createDirect(of('eve'), 'ann');
  await say(of('ann'), group.id, 'one');
  await say(of('bob'), small.id, 'two');
  await say(of('eve'), direct.id, 'three');
  const asked = await Promise.all(
    people.map(async (user) => {
      const first: Sync = { me: 0, known: new Map() };
      return { user, input: knownOf(await sync(contextOf(tenant, user), first), first) };
    }),
  );
  return { tenant, of, group, small, direct, asked };
}

const answeredTogether = (answers: Awaited<ReturnType<typeof both>>) =>
  answers.filter((one) => one.together !== 'alone').map((one) => one.user);

describe('sync of people who come back together', () => {
  it('[SY80] answers as alone: nothing new, new messages, marks, names, removals', async () => {
    const { tenant, of, group, small, asked } = await settledTenant();
    for (const { together, alone } of await both(tenant, asked)) expect(together).toEqual(alone);

    await say(of('dee'), group.id, 'four');
    await say(of('cy'), group.id, 'five');
    await of('bob').ask('read', { conversation: group.id, seq: 2 });
    await of('ann').ask('conversation.update', { conversation: group.id, name: 'Renamed' });
    await of('bob').ask('member.remove', { conversation: small.id, user: 'cy' });
    const { db } = server.database;
    await upsertUser({ db, bus: server.bus }, tenant.id, { id: 'dee', name: 'Dee Two' });
    const answers = await both(tenant, asked);
    for (const { together, alone, user } of answers) expect(together, user).toEqual(alone);
    const bob = answers.find((one) => one.user === 'bob')?.together;
    expect(bob).toMatchObject({
      users: expect.arrayContaining([expect.objectContaining({ id: 'dee', name: 'Dee Two' })]),
    });
  });

  it('[SY80] who cannot be answered with others is answered alone', async () => {
    const { tenant, of, group, asked } = await settledTenant();
    await createGroup(of('ann'), ['bob'], 'New');
    await of('cy').ask('block.add', { user: 'dee' });
    await say(of('dee'), group.id, 'hidden from cy');
    const changed = asked.map(({ user, input }) => {
      if (user === 'eve') return { user, input: { ...input, epoch: newId() } };
      if (user === 'fay') return { user, input: { ...input, me: 99 } };
      return { user, input };
    });
    const answers = await both(tenant, changed);
    expect(answeredTogether(answers)).toEqual(['dee']);
    const [dee] = answers.filter((one) => one.user === 'dee');
    expect(dee?.together).toEqual(dee?.alone);
  });

  it('[SY80] who comes back from another point, or missed very much, is answered alone', async () => {
    const { tenant, of, group, asked } = await settledTenant();
    await say(of('ann'), group.id, 'more');
    const [bobs] = asked.filter((one) => one.user === 'bob');
    const later = await sync(contextOf(tenant, 'bob'), bobs?.input ?? expect.unreachable());
    await say(of('ann'), group.id, 'and more');
    const mixed = asked.map(({ user, input }) => ({
      user,
      input: user === 'bob' ? knownOf(later, input) : input,
    }));
    const answers = await both(tenant, mixed);
    expect(answeredTogether(answers)).not.toContain('bob');
    expect(answeredTogether(answers)).toContain('cy');
    for (const { together, alone } of answers)
      if (together !== 'alone') expect(together).toEqual(alone);

    await givenMessages({ server, tenant, conversation: group.id }, 'ann', 300);
    const far = await both(tenant, asked);
    expect(answeredTogether(far)).toEqual(['eve', 'fay']);
  });

  it('[SY81] a storm of a tenant costs a few statements, not some for each', async () => {
    const { tenant, asked } = await settledTenant();
    const turns = new FairTurns({ most: 9, each: 8, waiting: 10_000 });
    const taken: string[] = [];
    const take = turns.take.bind(turns);
    turns.take = (lane, work) => {
      taken.push(lane);
      return take(lane, work);
    };
    const syncs = new Syncs({ db: server.database.db, turns });
    const storm = Array.from({ length: 600 }, (_, n) => asked[n % asked.length]).flatMap((one) =>
      one === undefined ? [] : [syncs.sync(contextOf(tenant, one.user), one.input)],
    );
    const answers = await Promise.all(storm);
    expect(answers).toHaveLength(600);
    expect(taken.length).toBeLessThan(10);
  });
});
