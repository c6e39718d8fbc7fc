import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer as createPlainServer } from 'node:net';
import { Writable } from 'node:stream';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCertificate } from '../outbound/testing/certificate.ts';
import { openRedis, type Redis } from './redis.ts';
import { slotOf } from './slots.ts';
import { type RedisCluster, startRedisCluster } from './testing/redis-cluster.ts';
import { type RedisServer, startRedis } from './testing/redis-server.ts';

const log = pino({ level: 'silent' });

/** What it kept takes about a second and a half to load. */
const slowToLoad = ['--key-load-delay', '400', '--loading-process-events-interval-bytes', '1024'];

let single: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [single, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
});
afterAll(async () => {
  await single[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

async function open(url: string, options: Partial<Parameters<typeof openRedis>[1]> = {}) {
  const redis = await openRedis(url, { log, ...options });
  return Object.assign(redis, { [Symbol.asyncDispose]: () => redis.close() });
}

describe('commands', () => {
  it.each([
    ['one server', false, () => single.url],
    ['a cluster', true, () => cluster.url],
    ['a cluster of which one server is named', true, () => cluster.servers[1]?.url ?? ''],
  ])('[RD1] run where their key is: %s', async (_what, isCluster, url) => {
    await using redis = await open(url());
    expect(redis.isCluster).toBe(isCluster);
    for (let i = 0; i < 30; i++) {
      const key = `key ${i}`;
      await redis.run(key, ['SET', key, `value ${i}`]);
      expect(await redis.run(key, ['GET', key])).toBe(`value ${i}`);
      const keys = [`{${key}}a`, `{${key}}b`] as const;
      const script = 'return {KEYS[2], ARGV[1], #KEYS, #ARGV}';
      expect(await redis.runScript(script, keys, ['x'])).toEqual([keys[1], 'x', 2, 1]);
    }
  });

  it('[RD1] a script that the server has forgotten is sent again', async () => {
    await using redis = await open(single.url);
    const run = () => redis.runScript("return redis.call('incr', KEYS[1])", ['counted'], []);
    expect(await run()).toBe(1);
    await single.ask('SCRIPT', 'FLUSH');
    expect(await run()).toBe(2);
  });

  it('[RD1] what the server refuses is an error, and nothing else fails for it', async () => {
    await using redis = await open(single.url);
    await redis.run('text', ['SET', 'text', 'x']);
    await expect(redis.run('text', ['INCR', 'text'])).rejects.toThrow('not an integer');
    await expect(redis.runScript('return nonsense(', ['text'], [])).rejects.toThrow('ERR');
    expect(await redis.run('text', ['GET', 'text'])).toBe('x');
  });

  it('[RD5] follow a slot that moves, also while it is moving', async () => {
    await using redis = await open(cluster.url);
    const key = '{moving}';
    const slot = String(slotOf(key));
    await redis.run(key, ['SET', key, 'here']);
    const from = await ownerOf(key);
    const to = cluster.servers.find((server) => server !== from);
    if (to === undefined) throw new Error('There is one server only.');
    await to.ask(
      'CLUSTER',
      'SETSLOT',
      slot,
      'IMPORTING',
      String(await from.ask('CLUSTER', 'MYID')),
    );
    await from.ask(
      'CLUSTER',
      'SETSLOT',
      slot,
      'MIGRATING',
      String(await to.ask('CLUSTER', 'MYID')),
    );
    await from.ask('MIGRATE', '127.0.0.1', String(to.port), key, '0', '1000');
    expect(await redis.run(key, ['GET', key])).toBe('here');
    await cluster.moveSlot(Number(slot), to);
    expect(await redis.run(key, ['GET', key])).toBe('here');
  });

  async function ownerOf(key: string): Promise<RedisServer> {
    for (const server of cluster.servers) {
      const answer = await server.ask('GET', key).catch(() => null);
      if (answer !== null) return server;
    }
    throw new Error('Nobody has the key.');
  }
});

describe('a server that is away', () => {
  it('[RD2] is not waited for: commands are refused at once, and not kept', async () => {
    await using server = await startRedis();
    await using redis = await open(server.url);
    await redis.run('a', ['SET', 'a', '1']);
    await server.kill();
    await expect(redis.run('a', ['SET', 'a', '2'])).rejects.toThrow();
    const started = performance.now();
    for (let i = 0; i < 100; i++) await expect(redis.run('a', ['INCR', 'a'])).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(redis.reachable).toBe(false);
    await server.start();
    await reached(redis);
    expect(await redis.run('a', ['GET', 'a'])).toBeNull();
  });

  it('[RD2] that hangs, commands fail within about a second, and then at once', async () => {
    await using server = await startRedis();
    await using redis = await open(server.url);
    server.freeze();
    await expect(redis.run('a', ['GET', 'a'])).rejects.toThrow('does not answer');
    while (redis.reachable) await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(redis.run('a', ['GET', 'a'])).rejects.toThrow('away');
    server.thaw();
    await reached(redis);
    expect(await redis.run('a', ['GET', 'a'])).toBeNull();
  });

  it('[RD3] at the start is warned of, and used when it is there', async () => {
    await using server = await startRedis();
    await server.kill();
    const { logged, log } = written();
    await using redis = await open(server.url, { log, waitMs: 50 });
    expect(logged()).toContain('Starting without');
    expect(redis.reachable).toBe(false);
    expect(redis.isCluster).toBeUndefined();
    await expect(redis.run('a', ['GET', 'a'])).rejects.toThrow('away');
    await server.start();
    await reached(redis);
    expect(logged()).toContain('Redis is back');
  });

  it('[RD3] whoever listens is told of each going and coming', async () => {
    await using server = await startRedis();
    await using redis = await open(server.url);
    const told: boolean[] = [];
    redis.onReachable((reachable) => told.push(reachable));
    await server.kill();
    while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await server.start();
    while (told.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told).toEqual([true, false, true]);
  });

  it('[RD6] one that still loads what it kept is away, which is said once', async () => {
    await using server = await startRedis({ settings: slowToLoad });
    await server.ask('DEBUG', 'POPULATE', '2500', 'key', '100');
    await server.ask('SAVE');
    const { logged, log } = written();
    await using redis = await open(server.url, { log });
    const told: boolean[] = [];
    redis.onReachable((reachable) => told.push(reachable));
    await server.kill();
    await server.start();
    await reached(redis);
    expect(await redis.run('key:1', ['EXISTS', 'key:1'])).toBe(1);
    expect(told).toEqual([true, false, true]);
    expect(logged().match(/Redis is away/g)).toHaveLength(1);
  });

  it('[RD6] a cluster that still loads what it kept is not taken for a single server', async () => {
    await using loading = await startRedisCluster(1, slowToLoad);
    const [server] = loading.servers;
    await server?.ask('DEBUG', 'POPULATE', '2500', 'key', '100');
    await server?.ask('SAVE');
    await server?.kill();
    const started = server?.start();
    await using redis = await open(loading.url, { waitMs: 10 });
    const asked: (boolean | undefined)[] = [];
    const asking = setInterval(() => asked.push(redis.isCluster), 20);
    await reached(redis).finally(() => clearInterval(asking));
    await started;
    expect(redis.isCluster).toBe(true);
    expect(asked).not.toContain(false);
  });

  it('[RD3] closing does not wait for it', async () => {
    await using server = await startRedis();
    const redis = await openRedis(server.url, { log });
    server.freeze();
    const started = performance.now();
    await redis.close();
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('a server that became a replica', () => {
  it('[RD6] is left for whoever is at its address now, by commands and by who listens', async () => {
    await using old = await startRedis();
    await using successor = await startRedis();
    await using front = await frontOf(old);
    const { logged, said, log } = written();
    await using redis = await open(front.url, { log });
    const heard = Promise.withResolvers<string>();
    const [first, again] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const hearing = [first, again];
    const channels = redis.openChannels({
      onText: (_channel, text) => heard.resolve(text),
      onHearing: () => hearing.shift()?.resolve(),
      onLost: () => {},
    });
    channels.subscribe('news');
    await first.promise;
    // The connections stay, as with a name that leads elsewhere from now on.
    await old.ask('REPLICAOF', '127.0.0.1', String(successor.port));
    await said('READONLY');
    expect(redis.reachable).toBe(false);
    front.leadTo(successor);
    await reached(redis);
    expect(await redis.run('a', ['SET', 'a', '2'])).toBe('OK');
    expect(await successor.ask('GET', 'a')).toBe('2');
    await again.promise;
    expect(await successor.ask('PUBSUB', 'NUMSUB', 'news')).toEqual(['news', 1]);
    channels.publish('news', 'heard by the successor');
    expect(await heard.promise).toBe('heard by the successor');
    expect(logged().match(/Redis is away/g)).toHaveLength(1);
  });
});

describe('the way in', () => {
  it('[RD4] is by password, of which the log knows nothing', async () => {
    const password = 'sécret/@: %,';
    await using server = await startRedis({ password });
    {
      await using redis = await open(server.url.replaceAll(',', '%2C'));
      expect(await redis.run('a', ['SET', 'a', '1'])).toBe('OK');
    }
    const { logged, log } = written();
    const wrong = `redis://parley:wrong-password@127.0.0.1:${server.port}`;
    await using refused = await open(wrong, { log, waitMs: 200 });
    expect(refused.reachable).toBe(false);
    expect(logged()).toContain('WRONGPASS');
    expect(logged()).not.toContain('wrong-password');
  });

  it('[RD4] is by TLS where the URL says rediss, to a server whose certificate is believed', async () => {
    const certificate = testCertificate('localhost');
    await using front = await tlsBefore(single, certificate);
    const { logged, log } = written();
    {
      await using doubted = await open(front.url, { log, waitMs: 200 });
      expect(doubted.reachable).toBe(false);
      expect(logged()).toContain('self-signed certificate');
    }
    const believed = getCACertificates();
    try {
      setDefaultCACertificates([...believed, certificate.cert]);
      await using redis = await open(front.url);
      expect(await redis.run('a', ['PING'])).toBe('PONG');
    } finally {
      setDefaultCACertificates(believed);
    }
  });

  it('[RD4] several servers that are no cluster are warned of, and the first one used', async () => {
    await using other = await startRedis();
    const { logged, log } = written();
    await using redis = await open(`${single.url},${other.url}`, { log });
    await redis.run('first', ['SET', 'first', 'yes']);
    expect(await single.ask('GET', 'first')).toBe('yes');
    expect(logged()).toContain('no cluster');
  });
});

/** An address that leads to one server, and later to another one. */
async function frontOf(server: RedisServer) {
  let { port: leadsTo } = server;
  const front = createPlainServer((near) => {
    const far = connect(leadsTo, '127.0.0.1');
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const { port }: AddressInfo = addressOf(front.address());
  return {
    url: `redis://127.0.0.1:${port}`,
    leadTo(other: RedisServer) {
      leadsTo = other.port;
    },
    async [Symbol.asyncDispose]() {
      front.close();
      await once(front, 'close');
    },
  };
}

/** A door with TLS before a server without. */
async function tlsBefore(server: RedisServer, certificate: ReturnType<typeof testCertificate>) {
  const front = createServer(certificate, (near) => {
    const far = connect(server.port, '127.0.0.1');
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  front.on('tlsClientError', () => {});
  front.listen(0, 'localhost');
  await once(front, 'listening');
  const { port }: AddressInfo = addressOf(front.address());
  return {
    url: `rediss://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      front.close();
      await once(front, 'close');
    },
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return address;
}

async function reached(redis: Redis): Promise<void> {
  while (!redis.reachable) await new Promise((resolve) => setTimeout(resolve, 20));
}

function written() {
  let text = '';
  const writings = new EventEmitter();
  const to = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      writings.emit('written');
      done();
    },
  });
  /** Settles when the log has these words. */
  const said = async (words: string) => {
    while (!text.includes(words)) await once(writings, 'written');
  };
  return { logged: () => text, said, log: pino(to) };
}
