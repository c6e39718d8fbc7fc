import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import { target } from './all-at-once.ts';
import { checkBack, checkHeads } from './check-whole.ts';
import { Crowd } from './crowd.ts';
import { makePlaces, writeToSome } from './places.ts';

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
  const [report] = await Promise.all([coming, writeToSome(topology, channels)]);
  const { p50, p99 } = percentilesOf(report.times);
  run.note('three nodes, one killed: back, ms', `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}`);
  run.note('three nodes, one killed: all back, s', report.ms / 1_000);
  run.note('three nodes, one killed: refused', JSON.stringify(report.refused));
  checkBack(run, count, report);
  run.expect(
    report.ms <= target.seconds * 1_000,
    `it took ${(report.ms / 1_000).toFixed(1)} s until all were back`,
  );
  await checkHeads(run, topology.address, crowd);
}
