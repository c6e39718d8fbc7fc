import { pause } from '../history/talk.ts';
import type { RedisProcess } from '../kit/redis-process.ts';
import type { SeededRandom } from '../kit/seeded-random.ts';
import type { Topology } from '../kit/topology.ts';

/** What may be done to Redis or to the way there. */
export interface Harm {
  readonly name: string;
  /** Goes on for so many milliseconds; all is well again when it resolves. */
  readonly run: (scene: HarmScene) => Promise<void>;
}

interface HarmScene {
  readonly redis: RedisProcess;
  readonly proxies: Topology['proxies']['redis'];
  readonly random: SeededRandom;
  readonly ms: number;
}

/** Everything that a Redis does to those who trust it. */
export const harms: readonly Harm[] = [
  {
    name: 'killed',
    async run({ redis, ms }) {
      await redis.process.kill('SIGKILL');
      await pause(ms);
      await redis.process.restart();
    },
  },
  {
    name: 'flushed',
    async run({ redis, random, ms }) {
      for (const end = performance.now() + ms; performance.now() < end; ) {
        await redis.command('flushall');
        await redis.command('script', 'flush');
        await pause(random.between(10, 400));
      }
    },
  },
  {
    name: 'paused',
    async run({ redis, ms }) {
      await redis.command('client', 'pause', String(ms), 'all');
      await pause(ms);
    },
  },
  {
    name: 'frozen',
    async run({ redis, ms }) {
      redis.process.pause();
      await pause(ms);
      redis.process.resume();
    },
  },
  {
    // One node alone, then all of them: nobody is told that bytes do not arrive. The lines of the first
    // stay silent when all is well again, as behind a router that has forgotten them.
    name: 'partitioned',
    async run({ proxies, random, ms }) {
      const alone = random.pick(proxies);
      alone.blackhole(random.pick(['toClient', 'toServer', 'both'] as const));
      await pause(ms / 2);
      for (const proxy of proxies) proxy.blackhole();
      await pause(ms / 2);
      for (const proxy of proxies) await proxy.heal({ keepSilent: proxy === alone });
    },
  },
  {
    name: 'cut',
    async run({ redis, proxies, random, ms }) {
      for (const end = performance.now() + ms; performance.now() < end; ) {
        const proxy = random.pick(proxies);
        const direction = random.pick(['toClient', 'toServer'] as const);
        await random.pick([
          async () => proxy.reset(),
          async () => proxy.cut({ direction, afterBytes: random.below(500), how: 'reset' }),
          async () => {
            await redis.command('client', 'kill', 'type', 'pubsub');
          },
        ])();
        await pause(random.between(10, 500));
      }
    },
  },
  {
    name: 'evicting',
    async run({ redis, random, ms }) {
      await redis.command('config', 'set', 'maxmemory', '2mb');
      await redis.command('config', 'set', 'maxmemory-policy', 'allkeys-random');
      for (const end = performance.now() + ms; performance.now() < end; ) {
        // It runs into its bound: whatever it holds goes, ours too.
        const junk = `junk ${random.below(1_000_000)}`;
        await redis.command('set', junk, 'x'.repeat(100_000)).catch(() => {});
        await pause(5);
      }
      await redis.command('config', 'set', 'maxmemory', '0');
      await redis.command('flushall');
    },
  },
];
