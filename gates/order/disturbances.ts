import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';

/** What may happen to an installation while people talk; each is over when it resolves. */
export function disturbances(run: Run, topology: Topology): readonly (() => Promise<void>)[] {
  const { random } = run;
  const { nodes, redis, proxies } = topology;
  const all: (() => Promise<void>)[] = [
    // A node stands still: its clients hear late, and its locks are held meanwhile.
    async () => {
      const node = random.pick(nodes);
      node.pause();
      await pause(random.between(100, 1_500));
      node.resume();
    },
    async () => {
      const node = random.pick(nodes);
      await node.kill('SIGKILL');
      await node.restart();
    },
    // In the middle of a frame.
    async () => {
      random
        .pick(proxies.clients)
        .cut({ direction: 'toClient', afterBytes: random.below(2_000), how: 'reset' });
    },
    async () => {
      random.pick(proxies.clients).reset();
    },
  ];
  if (redis !== undefined) {
    all.push(
      async () => {
        await redis.process.kill('SIGKILL');
        await pause(random.between(0, 1_000));
        await redis.process.restart();
      },
      async () => {
        redis.process.pause();
        await pause(random.between(100, 1_500));
        redis.process.resume();
      },
      // One node hears everything later than the others, and never at the same pace.
      async () => {
        const proxy = random.pick(proxies.redis);
        proxy.set({ delayMs: random.between(0, 60), jitterMs: 120 }, 'toClient');
        await pause(random.between(200, 1_500));
        await proxy.heal();
      },
      async () => {
        const proxy = random.pick(proxies.redis);
        proxy.blackhole(random.pick(['toClient', 'toServer', 'both']));
        await pause(random.between(200, 1_500));
        await proxy.heal();
      },
    );
  }
  return all;
}
