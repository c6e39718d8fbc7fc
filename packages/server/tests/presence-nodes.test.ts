import { presenceTopic } from '@parley/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisBus } from '../src/bus/redis.ts';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { RedisPresenceStore } from '../src/presence/store/redis.ts';
import { openRedis } from '../src/redis/redis.ts';
import { type RedisServer, startRedis } from '../src/redis/testing/redis-server.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

const log = pino({ level: 'silent' });
/** Twice as fast as in life: a busy machine stops a process for a second. */
const times = { beatMs: 1_000, leaseMs: 3_000, settleMs: 1_500, leaveMs: 1_500 };

let database: TestDatabase;
let redis: RedisServer;
beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), startRedis()]);
});
afterAll(async () => {
  await database.drop();
  await redis[Symbol.asyncDispose]();
});

/** A server on the shared database and Redis. */
async function startNode(server: RedisServer = redis) {
  const client = await openRedis(server.url, { log });
  const bus = new RedisBus({ redis: client, log });
  const presenceStore = new RedisPresenceStore({ redis: client, log, times });
  const node = await startTestServer({ database, bus, presenceStore });
  return {
    server: node,
    bus,
    client,
    /** As far as others see it is dead: it neither renews nor tells. */
    cutOff: () => client.close(),
    async [Symbol.asyncDispose]() {
      await node.drain();
      await presenceStore.close();
      await bus.close();
      await client.close();
    },
  };
}

async function threeNodes() {
  const stack = new AsyncDisposableStack();
  const [a, b, c] = await Promise.all([startNode(), startNode(), startNode()]);
  for (const node of [a, b, c]) stack.use(node);
  const tenant = await a.server.tenant(['ann', 'bob', 'cy', 'dee']);
  const at = (node: typeof a) => new TestTenant(node.server, tenant.id, tenant.apiKey);
  return {
    tenant,
    nodes: [a, b, c] as const,
    doors: [at(a), at(b), at(c)] as const,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function seen(socket: TestSocket): [user: string, online: boolean][] {
  return socket.events.flatMap((event): [string, boolean][] =>
    event.event === 'presence' ? [[event.user, event.online]] : [],
  );
}

async function look(socket: TestSocket, ...users: string[]) {
  const answer = await socket.ask('presence.watch', { users });
  return answer.users.map((one) => [one.id, one.online]).sort();
}

/** Resolves when the socket was told so. */
async function told(socket: TestSocket, user: string, online: boolean): Promise<void> {
  await socket.event('presence', (event) => event.user === user && event.online === online);
}

describe.concurrent('people over several nodes', () => {
  it('[PT26] are online until their last connection anywhere has ended', async () => {
    await using all = await threeNodes();
    const [one, two, three] = all.doors;
    const ann = await three.connect('ann');
    expect(await look(ann, 'bob', 'cy')).toEqual([
      ['bob', false],
      ['cy', false],
    ]);
    const [tab, phone] = [await one.connect('bob'), await two.connect('bob')];
    await told(ann, 'bob', true);
    const other = await one.connect('cy');
    await told(ann, 'cy', true);
    await tab.close();
    // Gone at the same time: when this is told of, the other would have been, too.
    await other.close();
    await told(ann, 'cy', false);
    expect(await look(ann, 'bob', 'cy')).toEqual([
      ['bob', true],
      ['cy', false],
    ]);
    await phone.close();
    await told(ann, 'bob', false);
    expect(seen(ann).filter(([user]) => user === 'bob')).toEqual([
      ['bob', true],
      ['bob', false],
    ]);
  });

  it('[PT27] of a node that died are told offline, with when they were seen last', async () => {
    await using all = await threeNodes();
    const [dying] = all.nodes;
    const [one, two, three] = all.doors;
    const [ann, dee] = [await two.connect('ann'), await three.connect('dee')];
    await one.connect('bob');
    await one.connect('cy');
    await two.connect('cy');
    const online = [
      ['bob', true],
      ['cy', true],
    ];
    expect(await look(ann, 'bob', 'cy')).toEqual(online);
    expect(await look(dee, 'bob', 'cy')).toEqual(online);
    const died = Date.now();
    await dying.cutOff();
    await Promise.all([told(ann, 'bob', false), told(dee, 'bob', false)]);
    expect(seen(ann)).toEqual([['bob', false]]);
    expect(seen(dee)).toEqual([['bob', false]]);
    const { users } = await dee.ask('presence.watch', { users: ['bob', 'cy'] });
    const bob = users.find(({ id }) => id === 'bob');
    expect(users.find(({ id }) => id === 'cy')?.online).toBe(true);
    const at = Date.parse(bob?.last_seen_at ?? '');
    expect(at).toBeGreaterThan(died - times.leaseMs);
    expect(at).toBeLessThanOrEqual(died + times.leaseMs);
    // Who comes back is online, and stays so whatever the dead node's lease still causes.
    const again = await three.connect('bob');
    await Promise.all([told(ann, 'bob', true), told(dee, 'bob', true)]);
    await again.settled();
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
  });

  it('[PT29] of a node that stops are not told offline when they come to another in time', async () => {
    await using all = await threeNodes();
    const [stopping] = all.nodes;
    const [one, two, three] = all.doors;
    const ann = await three.connect('ann');
    await one.connect('bob');
    await one.connect('cy');
    await look(ann, 'bob', 'cy');
    await stopping.server.drain();
    await two.connect('bob');
    await stopping[Symbol.asyncDispose]();
    await told(ann, 'cy', false);
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
    expect(seen(ann)).toEqual([['cy', false]]);
  });

  it('[PT30] are watched no longer by whom a setting or a role keeps from seeing them', async () => {
    await using all = await threeNodes();
    const [, there, elsewhere] = all.nodes;
    const [one, two, three] = all.doors;
    const [ann, cy] = [await two.connect('ann'), await three.connect('cy')];
    await one.call('PUT', '/v1/users/cy', { body: { name: 'Cy', role: 'admin' } });
    await createGroup(ann, ['dee']);
    await look(ann, 'bob', 'dee');
    await look(cy, 'bob');
    const unheard = [there, elsewhere].map((node) => unsubscribed(node.bus, one.id, 'bob'));
    const body = { directory: 'none' };
    expect((await one.call('PATCH', `/v1/tenants/${one.id}`, { body })).status).toBe(200);
    await unheard[0];
    await one.connect('bob');
    await told(cy, 'bob', true);
    await one.connect('dee');
    await told(ann, 'dee', true);
    expect(seen(ann)).toEqual([['dee', true]]);
    await one.call('PUT', '/v1/users/cy', { body: { name: 'Cy', role: 'guest' } });
    await unheard[1];
  });
});

/** Resolves when nobody at this node watches the person any more. */
function unsubscribed(bus: RedisBus, tenant: string, user: string): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = bus.unsubscribe.bind(bus);
    bus.unsubscribe = (topic) => {
      unsubscribe(topic);
      if (topic === presenceTopic(tenant, user)) resolve();
    };
  });
}

describe('while Redis is away', () => {
  it('[PT28] nobody waits for it; when it is back what was missed is told', async () => {
    await using own = await startRedis();
    await using a = await startNode(own);
    await using b = await startNode(own);
    const one = await a.server.tenant(['ann', 'bob', 'cy', 'dee']);
    const two = new TestTenant(b.server, one.id);
    const ann = await two.connect('ann');
    const bob = await one.connect('bob');
    const dee = await one.connect('dee');
    expect(await look(ann, 'bob', 'cy', 'dee')).toEqual([
      ['bob', true],
      ['cy', false],
      ['dee', true],
    ]);
    await own.kill();
    const began = performance.now();
    const cy = await one.connect('cy');
    expect(await look(cy, 'cy', 'bob', 'ann')).toEqual([
      ['ann', false],
      ['bob', true],
      ['cy', true],
    ]);
    expect(performance.now() - began).toBeLessThan(1_000);
    // Who was known to be online is not taken for offline because nobody can be asked.
    expect(await look(ann, 'bob', 'dee')).toEqual([
      ['bob', true],
      ['dee', true],
    ]);
    await bob.close();
    await told(cy, 'bob', false);
    expect(seen(ann)).toEqual([]);
    await own.start();
    await Promise.all([told(ann, 'bob', false), told(ann, 'cy', true), told(cy, 'ann', true)]);
    expect(await look(ann, 'bob', 'cy', 'dee')).toEqual([
      ['bob', false],
      ['cy', true],
      ['dee', true],
    ]);
    expect(seen(ann).length).toBe(2);
    await dee.settled();
  });

  it('[PT28] who is at another node yet is online again also for whom it was never away', async () => {
    await using all = await threeNodes();
    const [stalled] = all.nodes;
    const [one, two, three] = all.doors;
    const ann = await three.connect('ann');
    const tab = await one.connect('bob');
    await two.connect('bob');
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
    // One node's scripts fail for a while; the bus carries what it makes of that.
    const run = stalled.client.runScript.bind(stalled.client);
    stalled.client.runScript = () => Promise.reject(new Error('Redis does not answer.'));
    await tab.close();
    await told(ann, 'bob', false);
    stalled.client.runScript = run;
    await told(ann, 'bob', true);
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
  });

  it('[PT25] finds out what the bus has lost', async () => {
    await using own = await startRedis();
    await using a = await startNode(own);
    await using b = await startNode(own);
    const one = await a.server.tenant(['ann', 'bob']);
    const ann = await new TestTenant(b.server, one.id).connect('ann');
    expect(await look(ann, 'bob')).toEqual([['bob', false]]);
    a.bus.publish = () => {};
    await one.connect('bob');
    await ann.settled();
    expect(seen(ann)).toEqual([]);
    // The line is lost and comes back, and with it the doubt about what was said meanwhile.
    await own.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await told(ann, 'bob', true);
  });

  it('[PT27] a node that dies just when Redis is emptied leaves no ghosts either', async () => {
    await using own = await startRedis();
    await using a = await startNode(own);
    await using b = await startNode(own);
    await using c = await startNode(own);
    const one = await a.server.tenant(['ann', 'bob', 'cy', 'dee']);
    const ann = await new TestTenant(b.server, one.id).connect('ann');
    const cy = await new TestTenant(c.server, one.id).connect('cy');
    await one.connect('bob');
    await look(ann, 'bob', 'cy');
    await look(cy, 'bob', 'ann');
    await a.cutOff();
    await own.ask('FLUSHALL');
    await Promise.all([told(ann, 'bob', false), told(cy, 'bob', false)]);
    expect(await look(cy, 'bob', 'ann')).toEqual([
      ['ann', true],
      ['bob', false],
    ]);
    expect(seen(ann)).toEqual([['bob', false]]);
  });
});
