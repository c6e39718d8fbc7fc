import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openRedis } from '../redis/redis.ts';
import { startRedisCluster } from '../redis/testing/redis-cluster.ts';
import { startRedis } from '../redis/testing/redis-server.ts';
import { ledgerContract } from './ledger.contract.ts';
import { RedisLedger } from './redis.ts';

const log = pino({ level: 'silent' });
const kinds = [
  { name: 'single Redis', start: startRedis },
  { name: 'Redis cluster', start: startRedisCluster },
];

for (const { name, start } of kinds) {
  ledgerContract(name, async () => {
    const server = await start();
    const nodes = [await openRedis(server.url, { log }), await openRedis(server.url, { log })];
    const [first, second] = nodes.map((redis) => new RedisLedger(redis));
    if (first === undefined || second === undefined) throw new Error('Two nodes.');
    return {
      nodes: [first, second],
      async close() {
        for (const redis of nodes) await redis.close();
        await server[Symbol.asyncDispose]();
      },
    };
  });
}

const claim = { count: 'a', allowed: 10, windowMs: 60_000, spent: 0, wanted: 4 };

it('[LI41] while Redis is away the answer is none, and what it forgot begins anew', async () => {
  await using server = await startRedis();
  const redis = await openRedis(server.url, { log });
  const ledger = new RedisLedger(redis);
  expect(await ledger.settle([claim])).toEqual([{ granted: 4, waitMs: 0 }]);
  await server.kill();
  expect(await ledger.settle([claim])).toEqual([null]);
  await server.start();
  await expect.poll(() => ledger.settle([claim]), { timeout: 10_000 }).not.toEqual([null]);
  expect((await ledger.settle([{ ...claim, wanted: 10 }]))[0]?.granted).toBe(6);
  await redis.close();
});

it('[LI41] a clock of Redis that is set back refuses nobody until it has caught up', async () => {
  await using server = await startRedis();
  const redis = await openRedis(server.url, { log });
  const ledger = new RedisLedger(redis);
  await ledger.settle([claim]);
  const [key] = await keysOf(redis);
  // As if counted an hour from now.
  await redis.run(key, ['HSET', key, String(Math.floor(Date.now() / 600) + 6_000), '100']);
  expect(await ledger.settle([claim])).toEqual([{ granted: 4, waitMs: 0 }]);
  expect(Number(await redis.run(key, ['PTTL', key]))).toBeLessThanOrEqual(61_000);
  await redis.close();
});

async function keysOf(redis: Awaited<ReturnType<typeof openRedis>>): Promise<[string]> {
  const keys = await redis.run('any', ['KEYS', 'parley:rate:*']);
  if (!Array.isArray(keys)) throw new Error('No list.');
  return [String(keys[0])];
}
