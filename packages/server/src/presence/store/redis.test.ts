import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedis, type Redis } from '../../redis/redis.ts';
import { type RedisCluster, startRedisCluster } from '../../redis/testing/redis-cluster.ts';
import { type RedisServer, startRedis } from '../../redis/testing/redis-server.ts';
import { RedisPresenceStore } from './redis.ts';
import { presenceStoreContract } from './store.contract.ts';
import type { PresenceChange } from './store.ts';

const log = pino({ level: 'silent' });
/** Everything ten times as fast as in life. */
const times = { beatMs: 200, leaseMs: 600, settleMs: 300, leaveMs: 300 };

/** A node of a test, which may die. */
class TestNode implements AsyncDisposable {
  readonly store: RedisPresenceStore;
  readonly changes: PresenceChange[] = [];
  /** For each script that was run: how many words it was given. */
  readonly scripts: number[] = [];
  settled = 0;
  readonly #redis: Redis;
  #going: Promise<void> | undefined;
  #wake: () => void = () => {};

  static async open(url: string, pace = times): Promise<TestNode> {
    return new TestNode(await openRedis(url, { log }), pace);
  }

  private constructor(redis: Redis, pace: typeof times) {
    this.#redis = redis;
    const run = redis.runScript.bind(redis);
    redis.runScript = async (script, keys, args) => {
      this.scripts.push(args.length);
      this.#wake();
      await this.#going;
      return run(script, keys, args);
    };
    this.store = new RedisPresenceStore({ redis, log, times: pace });
    this.store.onChange(async (changes) => {
      this.changes.push(...changes);
      this.#wake();
    });
    this.store.onSettled(() => {
      this.settled++;
      this.#wake();
    });
  }

  hold(...users: string[]) {
    return Promise.all(users.map((user) => this.store.hold({ tenant: 'acme', user })));
  }

  release(...users: string[]) {
    return Promise.all(users.map((user) => this.store.release({ tenant: 'acme', user })));
  }

  async online(...users: string[]): Promise<string[]> {
    const standings = await this.store.look('acme', users);
    return users.filter((user) => standings.get(user)?.online === true);
  }

  /** Who was told of, as `+ann` or `-ann`. */
  get told(): string[] {
    return this.changes.map(({ user, online }) => `${online ? '+' : '-'}${user}`).sort();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Settles when every slot was asked so many times, with nothing to tell. */
  async beats(times: number): Promise<void> {
    const before = this.scripts.length;
    await this.until(() => this.scripts.length >= before + 16 * times);
  }

  /** It does nothing more until the returned function is called. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#going = promise;
    return resolve;
  }

  /** Its scripts fail until the returned function is called; its connection stays. */
  cutOff(): () => void {
    this.#going = Promise.reject(new Error('Redis does not answer.'));
    this.#going.catch(() => {});
    return () => {
      this.#going = undefined;
    };
  }

  /** As `kill -9`: nothing of it is heard any more. */
  async die(): Promise<void> {
    await this.#redis.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await this.#redis.close();
  }
}

interface Backing extends AsyncDisposable {
  readonly url: string;
  readonly servers: readonly RedisServer[];
}

function single(server: RedisServer): Backing {
  const { url } = server;
  return { url, servers: [server], [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const backings: readonly (readonly [string, () => Promise<Backing>])[] = [
  ['one Redis', async () => single(await startRedis())],
  ['a Redis cluster', async (): Promise<RedisCluster> => startRedisCluster()],
];

describe.each(backings)('%s', (name, start) => {
  let backing: Backing;
  beforeAll(async () => {
    backing = await start();
  });
  afterAll(() => backing[Symbol.asyncDispose]());

  const emptied = () => Promise.all(backing.servers.map((server) => server.ask('FLUSHALL')));

  /** As if all nodes had been paused: their leases are over, and somebody has told of it. */
  const endAllLeases = () =>
    Promise.all(
      Array.from({ length: 16 }, async (_, slot) => {
        const key = `parley:{presence-${slot}}`;
        for (const server of backing.servers) {
          await server
            .ask('EVAL', endLeases, '1', `${key}:leases`)
            .catch((error: Error) => expect(error.message).toMatch(/^MOVED/));
        }
      }),
    );

  async function nodes(count: number) {
    await emptied();
    const opened = await Promise.all(
      Array.from({ length: count }, () => TestNode.open(backing.url)),
    );
    const stack = new AsyncDisposableStack();
    for (const node of opened) stack.use(node);
    const [a, b = a, c = b] = opened;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no nodes');
    return { a, b, c, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  presenceStoreContract(name, async () => {
    await emptied();
    const redis = await openRedis(backing.url, { log });
    const store = new RedisPresenceStore({ redis, log });
    const close = store.close.bind(store);
    store.close = async () => {
      await close();
      await redis.close();
    };
    return store;
  });

  it('[PR10] keeps a person online while any node has connections of theirs', async () => {
    await using all = await nodes(2);
    const { a, b } = all;
    expect(await a.hold('ann', 'bob')).toMatchObject([{ elsewhere: false }, { elsewhere: false }]);
    expect(await b.hold('ann')).toMatchObject([{ elsewhere: true }]);
    expect(await b.online('ann', 'bob', 'cy')).toEqual(['ann', 'bob']);
    expect(await a.release('ann', 'bob')).toMatchObject([
      { elsewhere: true },
      { elsewhere: false },
    ]);
    expect(await a.online('ann', 'bob')).toEqual(['ann']);
    const [last] = await b.release('ann');
    expect(last?.elsewhere).toBe(false);
    expect(await a.online('ann')).toEqual([]);
  });

  it('[PR3] tells of the people of a node that died, but for those who are elsewhere', async () => {
    await using all = await nodes(3);
    const { a, b, c } = all;
    const users = Array.from({ length: 1_500 }, (_, i) => `p${i}`);
    await a.hold('ann', 'bob', ...users);
    await b.hold('bob');
    const before =
      (await c.store.look('acme', ['ann'])).get('ann')?.turn ?? Number.POSITIVE_INFINITY;
    await a.die();
    const told = () => new Set([...b.told, ...c.told]);
    await Promise.race([
      b.until(() => told().size === 1_501),
      c.until(() => told().size === 1_501),
    ]);
    expect(told()).toEqual(new Set(['-ann', ...users.map((user) => `-${user}`)]));
    const changes = [...b.changes, ...c.changes].filter(({ user }) => user === 'ann');
    for (const { turn, agoMs } of changes) {
      expect(turn).toBeGreaterThan(before);
      expect(agoMs).toBeGreaterThanOrEqual(times.leaseMs);
      expect(agoMs).toBeLessThan(10 * times.leaseMs);
    }
    expect(await b.online('ann', 'bob')).toEqual(['bob']);
  });

  it('[PR12] tells again when it could not be told, and loses nobody', async () => {
    await using all = await nodes(2);
    const { a, b } = all;
    let refused = 0;
    const told = Promise.withResolvers<readonly PresenceChange[]>();
    b.store.onChange(async (changes) => {
      if (++refused <= 2) throw new Error('the database is away');
      told.resolve(changes);
    });
    await a.hold('ann');
    await a.die();
    expect(await told.promise).toMatchObject([{ user: 'ann', online: false }]);
  });

  it('[PR13] a node whose lease ended although it lives says anew whom it has', async () => {
    await using all = await nodes(2);
    const { a, b } = all;
    await a.hold('ann', 'bob');
    await endAllLeases();
    await a.until(() => a.told.length === 2);
    expect(a.told).toEqual(['+ann', '+bob']);
    expect(await b.online('ann', 'bob')).toEqual(['ann', 'bob']);
    // Whatever was told meanwhile is older.
    for (const { user, turn } of a.changes) {
      for (const gone of b.changes) if (gone.user === user) expect(gone.turn).toBeLessThan(turn);
    }
  });

  it('[PR12] tells anew of a node that lived again, and died, while its people were told of', async () => {
    await using all = await nodes(2);
    const { a, b } = all;
    const slow = Promise.withResolvers<void>();
    const turns: number[] = [];
    b.store.onChange(async (changes) => {
      turns.push(...changes.map(({ turn }) => turn));
      await slow.promise;
    });
    await a.hold('ann');
    const goOn = a.pause();
    await endAllLeases();
    while (turns.length === 0) await b.beats(1);
    goOn();
    await a.until(() => a.told.length === 1);
    await a.die();
    // Nobody can tell of this second death as long as the first is being told of.
    await b.beats((2 * times.leaseMs) / times.beatMs);
    expect(turns).toHaveLength(1);
    slow.resolve();
    while (turns.length < 2) await b.beats(1);
    const [back] = a.changes;
    expect(turns[1]).toBeGreaterThan(back?.turn ?? Number.POSITIVE_INFINITY);
  });

  it('[PR14] makes it good that Redis lost everything, or some of it', async () => {
    await using all = await nodes(2);
    const { a, b } = all;
    await a.hold('ann', 'bob');
    const [before] = await b.hold('cy');
    await emptied();
    await Promise.all([
      a.until(() => a.told.length === 2 && a.settled > 0),
      b.until(() => b.told.length === 1 && b.settled > 0),
    ]);
    expect(await b.online('ann', 'bob', 'cy', 'dee')).toEqual(['ann', 'bob', 'cy']);
    for (const { turn } of a.changes)
      expect(turn).toBeGreaterThan(before?.turn ?? Number.POSITIVE_INFINITY);
    // Some of it: the set of one node, as when memory is short.
    const kept = a.changes.length;
    for (const server of backing.servers) {
      for (const key of await keysOf(server)) {
        if (key.includes(':people:')) await server.ask('DEL', key);
      }
    }
    await a.until(() => a.changes.length === kept + 2);
    expect(await b.online('ann', 'bob', 'cy')).toEqual(['ann', 'bob', 'cy']);
  });

  it('[PR15] a look that finds an empty Redis is a guess until the others had time', async () => {
    await using all = await nodes(2);
    const { a, b } = all;
    await a.hold('ann');
    await b.until(() => b.settled > 0);
    expect((await b.store.look('acme', ['cy'])).get('cy')?.turn).toBeGreaterThan(0);
    await emptied();
    expect((await b.store.look('acme', ['cy'])).get('cy')).toEqual({ online: false, turn: 0 });
    await b.until(() => b.settled > 1);
    expect((await b.store.look('acme', ['cy'])).get('cy')?.turn).toBeGreaterThan(0);
  });

  it('[PR16] who stops leaves its people a moment to come to another node', async () => {
    await using all = await nodes(3);
    const { a, b, c } = all;
    await a.hold('ann', 'bob');
    await a.store.close();
    expect(await b.online('ann', 'bob')).toEqual(['ann', 'bob']);
    expect(await b.hold('ann')).toMatchObject([{ elsewhere: true }]);
    await Promise.race([b.until(() => b.told.length > 0), c.until(() => c.told.length > 0)]);
    expect(new Set([...b.told, ...c.told])).toEqual(new Set(['-bob']));
  });

  it('[PR17] gathers what comes at once, and renews a lease whatever the number of people', async () => {
    await using all = await nodes(1);
    const { a } = all;
    await a.hold('first');
    a.scripts.length = 0;
    await a.hold(...Array.from({ length: 10_000 }, (_, i) => `p${i}`));
    // One for each slot, one for each slot that had a beat in between.
    expect(a.scripts.length).toBeLessThanOrEqual(16 * 4);
    a.scripts.length = 0;
    const began = performance.now();
    await a.beats(4);
    expect(performance.now() - began).toBeGreaterThanOrEqual(times.beatMs * 2);
    expect(Math.max(...a.scripts)).toBeLessThan(10);
  });
});

const endLeases = `
local all = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, lease in ipairs(all) do redis.call('ZADD', KEYS[1], 1, lease) end
return #all`;

async function keysOf(server: RedisServer): Promise<string[]> {
  const keys = await server.ask('KEYS', '*');
  return Array.isArray(keys) ? keys.map(String) : [];
}

describe('while Redis is away', () => {
  it('[PR18] answers what this node knows at once, and makes it true when Redis is back', async () => {
    await using server = await startRedis();
    await using a = await TestNode.open(server.url);
    await using b = await TestNode.open(server.url);
    await a.hold('ann', 'bob', 'cy');
    const [known] = await b.hold('dee');
    await b.until(() => b.settled > 0);
    await server.kill();
    const began = performance.now();
    expect(await a.online('ann', 'dee')).toEqual(['ann']);
    const [gone] = await a.release('bob');
    const [came] = await a.hold('eve');
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(gone?.turn).toBeGreaterThan(known?.turn ?? Number.POSITIVE_INFINITY);
    expect(came?.turn).toBeGreaterThan(gone?.turn ?? Number.POSITIVE_INFINITY);
    expect((await a.store.look('acme', ['dee'])).get('dee')).toEqual({ online: false, turn: 0 });
    const settled = b.settled;
    await server.start();
    await b.until(() => b.settled > settled);
    expect(await b.online('ann', 'bob', 'cy', 'dee', 'eve')).toEqual(['ann', 'cy', 'dee', 'eve']);
    // Who left while nobody could be told is told of now, with a newer turn than what was told here.
    expect(a.told).toEqual(['+ann', '+cy', '+eve', '-bob']);
    for (const { turn } of a.changes)
      expect(turn).toBeGreaterThan(came?.turn ?? Number.POSITIVE_INFINITY);
  });

  it('[PR20] tells that who went meanwhile is at another node after all, until it is told', async () => {
    await using server = await startRedis();
    await using a = await TestNode.open(server.url);
    await using b = await TestNode.open(server.url);
    await Promise.all([a.hold('ann', 'bob'), b.hold('ann')]);
    let refused = 0;
    const told = Promise.withResolvers<readonly PresenceChange[]>();
    a.store.onChange(async (changes) => {
      if (changes.every(({ user }) => user !== 'ann')) return;
      if (++refused <= 2) throw new Error('the database is away');
      told.resolve(changes);
    });
    server.freeze();
    const [gone] = await a.release('ann');
    // All that this node knows; it may have said so to the others, too.
    expect(gone?.elsewhere).toBe(false);
    server.thaw();
    const [back] = await told.promise;
    expect(back).toMatchObject({ user: 'ann', online: true });
    expect(back?.turn).toBeGreaterThan(gone?.turn ?? Number.POSITIVE_INFINITY);
  });

  it('[PR20] does so, too, of who came back before that, whether they stayed or not', async () => {
    await using server = await startRedis();
    const long = { ...times, leaseMs: 60_000 };
    // Without a beat, so that what is asked for here is the first that Redis hears again.
    await using a = await TestNode.open(server.url, { ...long, beatMs: 60_000 });
    await using b = await TestNode.open(server.url, long);
    await Promise.all([a.hold('ann', 'bob'), b.hold('ann', 'bob')]);
    const mend = a.cutOff();
    expect(await a.release('ann', 'bob')).toMatchObject([
      { elsewhere: false },
      { elsewhere: false },
    ]);
    mend();
    // Only then it is tried again.
    await b.beats(3);
    const [back, , left] = await Promise.all([a.hold('ann'), a.hold('bob'), a.release('bob')]);
    // They were told of as gone: so that they are there is news.
    expect(back).toMatchObject([{ elsewhere: false }]);
    expect(left).toMatchObject([{ elsewhere: true }]);
    await a.until(() => a.told.length > 0);
    expect(a.told).toEqual(['+bob']);
    expect(await b.online('ann', 'bob')).toEqual(['ann', 'bob']);
  });

  it('[PR19] a look never waits for a Redis that hangs longer than 100 ms', async () => {
    await using server = await startRedis();
    await using a = await TestNode.open(server.url);
    await a.hold('ann');
    server.freeze();
    try {
      for (let times = 0; times < 5; times++) {
        const began = performance.now();
        expect(await a.online('ann', 'bob')).toEqual(['ann']);
        expect(performance.now() - began).toBeLessThan(500);
      }
    } finally {
      server.thaw();
    }
    await a.until(() => a.settled > 0);
    expect(await a.online('ann', 'bob')).toEqual(['ann']);
  });
});
