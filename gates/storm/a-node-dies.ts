import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import { target } from './all-at-once.ts';
import { checkHeads } from './check-heads.ts';
import { Crowd } from './crowd.ts';
import { makePlaces, write } from './places.ts';

/** Every so many conversations something is said while nobody is there. */
const saidInEvery = 7;

/**
 * Three nodes behind nginx: one is killed, and all clients are cut at that moment.
 *
 * They come back to the two that are left. How fast that is on a machine that also runs nodes, nginx,
 * Redis, PostgreSQL and the clients themselves says little of the server; that everybody comes back
 * whole says all.
 */
export async function killOneNode(run: Run): Promise<void> {
  const count = run.sized({ ci: 600, full: 6_000 });
  await using topology = await run.cluster();
  const { channels, clients } = await makePlaces(topology, count);
  using crowd = await Crowd.start(topology.port, clients);
  const [victim] = topology.nodes;
  if (victim === undefined) throw new Error('there is no node');

  const dying = victim.kill('SIGKILL');
  const coming = crowd.cut();
  await dying;
  const speaking = (async () => {
    for (const [n, channel] of channels.entries()) {
      if (n % saidInEvery === 0) await write(topology, channel);
    }
  })();
  const [report] = await Promise.all([coming, speaking]);
  const { p50, p99 } = percentilesOf(report.times);
  run.note('three nodes, one killed: back, ms', `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}`);
  run.note('three nodes, one killed: all back, s', report.ms / 1_000);
  run.note('three nodes, one killed: refused', JSON.stringify(report.refused));
  run.expect(report.times.length === count, `${report.times.length} of ${count} came back`);
  run.expect(report.holes === 0, `${report.holes} messages were lost by those who came back`);
  run.expect(report.resets === 0, `${report.resets} conversations had to be read anew`);
  run.expect(
    report.ms <= target.seconds * 1_000,
    `it took ${(report.ms / 1_000).toFixed(1)} s until all were back`,
  );
  await checkHeads(run, topology.address, crowd);
}
