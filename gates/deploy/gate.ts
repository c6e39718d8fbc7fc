import { readdir } from 'node:fs/promises';
import { migrationsFolder } from '../../packages/server/src/db/migration-files.ts';
import { Crowd } from '../history/crowd.ts';
import type { Gate } from '../kit/gate.ts';
import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import type { Node, Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';
import { HttpWriter } from './http-writer.ts';
import { StandingClients } from './standing-clients.ts';

const target = 300;
const p99Target = 2_000;
const drainMs = 10_000;
const env = { PARLEY_RATE_SCALE: '0' };

export const gate: Gate = {
  name: 'deploy',
  promise: 'a rolling deploy loses and doubles nothing, and nobody is away for long',
  unit: 'ms away, median',
  target,
  async run(run) {
    let median = Number.NaN;
    await run.part('rolling', async () => {
      median = await roll(run);
    });
    await run.part('neighbours', () => neighbours(run));
    return median;
  },
};

/** SIGTERM for each node in turn, under load, as often as the size says. */
async function roll(run: Run): Promise<number> {
  await using cluster = await run.cluster({ env });
  const crowd = await Crowd.gather(run, cluster, {
    conversations: 4,
    publishers: { raw: run.sized({ ci: 4, full: 20 }), sdk: run.sized({ ci: 3, full: 10 }) },
    readers: { raw: 3, sdk: run.sized({ ci: 3, full: 10 }) },
    pauseMs: 40,
    by: 'front',
  });
  const count = run.sized({ ci: 60, full: 400 });
  const standing = new StandingClients(cluster.url, crowd.tenant, count);
  await standing.online();
  standing.takeGaps();
  standing.closes.length = 0;
  crowd.begin();
  const writers = [1, 2].map(() => new HttpWriter(run, cluster, crowd));

  const gaps: number[] = [];
  const drains: number[] = [];
  for (let round = 0; round < run.sized({ ci: 1, full: 5 }); round++) {
    for (const node of cluster.nodes) {
      drains.push(await stop(run, node));
      await standing.online();
      const each = standing.takeGaps();
      const twice = each.filter(({ length }) => length > 1).length;
      run.expect(twice === 0, `${twice} clients were sent away twice by one node`);
      gaps.push(...each.flat());
      const closes = standing.closes.splice(0);
      const inVain = closes.length - each.flat().length;
      run.expect(inVain <= 0, `${inVain} lines were opened in vain`);
      const others = new Set(closes.filter((code) => code !== 1012));
      run.expect(others.size === 0, `lines were closed with ${[...others]} beside 1012`);
      await node.restart();
    }
  }
  await Promise.all(writers.map((one) => one.stop()));
  standing.leave();

  const { p50, p99, max, count: samples } = percentilesOf(gaps);
  run.expect(samples > count, `only ${samples} times was somebody away`);
  run.expect(p50 <= target, `the median gap is ${Math.round(p50)} ms`);
  run.expect(p99 <= p99Target, `the p99 of gaps is ${Math.round(p99)} ms`);
  await crowd.finish();
  run.note('clients', count);
  run.note('gaps', samples);
  run.note('p99 ms', p99);
  run.note('longest ms', max);
  run.note('longest drain ms', Math.max(...drains));
  run.note('acknowledged', crowd.history.acked);
  return p50;
}

/** Ends a node as a deploy does; answers how long it took. */
async function stop(run: Run, node: Node): Promise<number> {
  const began = performance.now();
  node.signal('SIGTERM');
  await node.exit;
  const ms = performance.now() - began;
  run.expect(ms <= drainMs, `node ${node.index} took ${Math.round(ms)} ms to drain`);
  run.expect(/ 0$/.test(node.ended ?? ''), `node ${node.index}: ${node.ended}\n${node.log()}`);
  return ms;
}

/** A newer version has added to the database: those that know nothing of it go on, and start again. */
async function neighbours(run: Run): Promise<void> {
  await using cluster = await run.cluster({ env });
  const crowd = await Crowd.gather(run, cluster, {
    conversations: 2,
    publishers: { raw: 3, sdk: 2 },
    readers: { raw: 2, sdk: 2 },
    pauseMs: 40,
    by: 'front',
  });
  crowd.begin();
  const next = (await readdir(migrationsFolder)).length + 1;
  await change(cluster, [
    'alter table message add column later jsonb',
    'create table later (tenant_id text not null, id uuid not null, primary key (tenant_id, id))',
    'alter table later enable row level security, force row level security',
    "create policy app on later to parley_app using (tenant_id = current_setting('parley.tenant', true)) with check (tenant_id = current_setting('parley.tenant', true))",
    'create policy core on later to parley_core using (true)',
    'grant select on later to parley_app',
    `insert into migration (number, name, breaking) values (${next}, 'later', false)`,
  ]);
  for (const node of cluster.nodes) {
    await stop(run, node);
    await node.restart();
    run.expect(node.log().includes('A newer Parley has added to'), 'no node says that it is older');
  }
  await refused(run, cluster, next + 1);
  await crowd.finish();
  run.expect(crowd.history.acked > 0, 'something was acknowledged');
  run.note('acknowledged beside a newer schema', crowd.history.acked);
}

/** What a later version breaks keeps older nodes from starting, and is told. */
async function refused(run: Run, cluster: Topology, number: number): Promise<void> {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('there is no node');
  await stop(run, node);
  await change(cluster, [
    `insert into migration (number, name, breaking) values (${number}, 'breaks', true)`,
  ]);
  const started = await node.restart().then(
    () => true,
    () => false,
  );
  run.expect(!started, 'a node started on a database that a newer version broke for it');
  run.expect(node.log().includes('Start the newer version.'), `it says:\n${node.log()}`);
  await change(cluster, [`delete from migration where number = ${number}`]);
  await node.restart();
}

async function change(cluster: Topology, statements: readonly string[]): Promise<void> {
  await withDatabase(cluster.address, async (session) => {
    for (const statement of statements) await session.query(statement);
  });
}
