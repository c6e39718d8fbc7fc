import { closeCodes } from '@parley/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisBus } from '../src/bus/redis.ts';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { openRedis } from '../src/redis/redis.ts';
import { type RedisCluster, startRedisCluster } from '../src/redis/testing/redis-cluster.ts';
import { type RedisServer, startRedis } from '../src/redis/testing/redis-server.ts';
import { givenOpenGroups } from '../src/testing/given.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

const log = pino({ level: 'silent' });
/** Promised are two seconds; where tests share a slow machine, it may be late. */
const patienceMs = 4_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A server with a connection of its own to Redis. */
async function startNode(url: string) {
  const redis = await openRedis(url, { log });
  const bus = new RedisBus({ redis, log });
  const server = await startTestServer({ database, bus });
  return {
    server,
    bus,
    async close() {
      await server.drain();
      await bus.close();
      await redis.close();
    },
  };
}

type Node = Awaited<ReturnType<typeof startNode>>;

/** Ann here; Bob and Eve there. */
async function people(here: TestServer, there: TestServer) {
  const tenant = await here.tenant(['ann', 'bob', 'eve']);
  await givenOpenGroups(here, tenant);
  const away = new TestTenant(there, tenant.id);
  const [ann, bob, eve] = await Promise.all([
    tenant.connect('ann'),
    away.connect('bob'),
    away.connect('eve'),
  ]);
  return { tenant, away, ann, bob, eve };
}

async function heard(socket: TestSocket, id: string): Promise<void> {
  await socket.event('message.created', (event) => event.message.id === id);
}

/** How long something took, in milliseconds. */
async function took(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

/** Sends one message after the other until one was heard by way of the bus. */
async function live(from: TestSocket, to: TestSocket, conversation: string, bus: RedisBus) {
  for (;;) {
    const before = bus.figures().heard;
    const { id } = await say(from, conversation, 'are you there?');
    await heard(to, id);
    if (bus.figures().heard > before) return;
  }
}

const kinds = ['one Redis', 'a cluster'] as const;

describe.each(kinds)('two nodes over %s', (kind) => {
  let redis: RedisServer | RedisCluster;
  let here: Node;
  let there: Node;
  beforeAll(async () => {
    redis = kind === 'a cluster' ? await startRedisCluster() : await startRedis();
    [here, there] = await Promise.all([startNode(redis.url), startNode(redis.url)]);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await redis[Symbol.asyncDispose]();
  });

  it('[HB32] whoever talks on any of them is heard on all, in order', async () => {
    const { ann, bob, eve } = await people(here.server, there.server);
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await Promise.all([bob.event('conversation.added'), eve.event('conversation.added')]);
    await Promise.all(
      [ann, bob, eve].map(async (socket, who) => {
        for (let i = 0; i < 20; i++) await say(socket, id, `${who} says ${i}`);
      }),
    );
    const last = await say(bob, id, 'the end');
    for (const socket of [ann, bob, eve]) {
      await heard(socket, last.id);
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      expect(changes.at(-1)?.version).toBe(62);
    }
    expect(here.bus.figures()).toMatchObject({ reachable: true, dropped: 0 });
    expect(there.bus.figures().heard).toBeGreaterThan(0);
  });

  it('[HB32] joining, typing, marks and leaving are told across', async () => {
    const { ann, bob, eve } = await people(here.server, there.server);
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added', (event) => event.conversation.id === id);
    await ann.ask('typing', { conversation: id, typing: true });
    await bob.event('typing', (event) => event.conversation === id);
    const { seq } = await say(ann, id, 'read me');
    await bob.ask('read', { conversation: id, seq });
    await ann.event('read', (event) => event.conversation === id && event.user === 'bob');
    await bob.event('message.created', (event) => event.conversation === id);
    await ann.ask('member.add', { conversation: id, users: ['eve'] });
    await eve.event('conversation.added', (event) => event.conversation.id === id);
    await eve.ask('conversation.leave', { conversation: id });
    await ann.event(
      'member.updated',
      (event) => event.conversation === id && event.member.left_at !== null,
    );
  });

  it('[HB33] nothing that follows a removal reaches who was removed elsewhere', async () => {
    const { ann, bob, eve } = await people(here.server, there.server);
    for (let i = 0; i < 5; i++) {
      const { id } = await createGroup(ann, ['bob', 'eve']);
      await eve.event('conversation.added', (event) => event.conversation.id === id);
      const [{ version }] = await Promise.all([
        ann.ask('member.remove', { conversation: id, user: 'eve' }),
        say(bob, id, 'meanwhile'),
      ]);
      const after = await say(ann, id, 'without eve');
      await heard(bob, after.id);
      await eve.event('conversation.removed', (event) => event.conversation === id);
      await eve.settled();
      const versions = changesHeard(eve, id).map((change) => change.version);
      expect(versions.filter((one) => one >= version)).toEqual([]);
    }
  });

  it('[HB34] access that ends on one node ends the sockets of the other', async () => {
    const { tenant, bob, eve } = await people(here.server, there.server);
    const revoked = await tenant.call('POST', '/v1/users/bob/revoke');
    expect(revoked.status).toBe(200);
    expect((await bob.closed).code).toBe(closeCodes.unauthorized.code);
    const bearer = 'operator-key-of-the-tests';
    await tenant.call('POST', `/v1/tenants/${tenant.id}/suspend`, { bearer });
    expect((await eve.closed).code).toBe(closeCodes.accessEnded.code);
  });
});

describe('two nodes whose Redis goes and comes', () => {
  let redis: RedisServer;
  let here: Node;
  let there: Node;
  beforeEach(async () => {
    redis = await startRedis();
    [here, there] = await Promise.all([startNode(redis.url), startNode(redis.url)]);
    return async () => {
      await here.close();
      await there.close();
      await redis[Symbol.asyncDispose]();
    };
  });

  it('[HB35] killed: sends are taken, everything is repaired, and it is live when Redis is back', async () => {
    const { ann, bob, eve } = await people(here.server, there.server);
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added');
    await live(ann, bob, id, there.bus);
    await redis.kill();
    for (let i = 0; i < 10; i++) await say(ann, id, `while it is away ${i}`);
    const { id: message } = await say(ann, id, 'and the last of them');
    expect(await took(heard(bob, message))).toBeLessThan(patienceMs);
    // Membership too: eve comes, and bob goes.
    await ann.ask('member.add', { conversation: id, users: ['eve'] });
    expect(await took(eve.event('conversation.added'))).toBeLessThan(patienceMs);
    const { version } = await ann.ask('member.remove', { conversation: id, user: 'bob' });
    await say(ann, id, 'without bob');
    expect(await took(bob.event('conversation.removed'))).toBeLessThan(patienceMs);
    const { id: last } = await say(ann, id, 'to eve');
    await heard(eve, last);
    expectUnbroken(changesHeard(bob, id));
    expect(changesHeard(bob, id).filter((one) => one.version >= version)).toEqual([]);
    expectUnbroken(changesHeard(eve, id));
    await redis.start();
    await live(ann, eve, id, there.bus);
    expectUnbroken(changesHeard(eve, id));
  });

  it('[HB35] frozen: sends are answered, and everything is heard meanwhile and once', async () => {
    const { ann, bob } = await people(here.server, there.server);
    const { id } = await createGroup(ann, ['bob']);
    await bob.event('conversation.added');
    await live(ann, bob, id, there.bus);
    redis.freeze();
    const sent = await say(ann, id, 'while it hangs');
    expect(await took(heard(bob, sent.id))).toBeLessThan(patienceMs);
    redis.thaw();
    await live(ann, bob, id, there.bus);
    expectUnbroken(changesHeard(bob, id));
  });

  it('[HB35] access that ends while Redis is away ends within two seconds', async () => {
    const { tenant, bob } = await people(here.server, there.server);
    await redis.kill();
    await tenant.call('POST', '/v1/users/bob/revoke');
    expect(await took(bob.closed)).toBeLessThan(patienceMs);
  });
});
