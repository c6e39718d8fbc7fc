import { type LineHarm, lineHarms } from '../faults/line-harms.ts';
import type { TcpProxy } from '../faults/tcp-proxy.ts';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { GoodSide } from './good-side.ts';

/** The full size of the promise. */
const targetSchedules = 500;
/** What sends on the good side take, 99 of 100. */
const goodMs = 1_000;

type Link = 'redis' | 'postgres' | 'clients';

export const gate: Gate = {
  name: 'netsplit',
  promise: 'whatever line fails, and how: nothing is lost, doubled or moved; the good side goes on',
  unit: 'violations',
  target: 0,
  async run(run) {
    const totals = {
      schedules: 0,
      findings: 0,
      acked: 0,
      waits: [] as number[],
      recoveries: [] as number[],
    };
    for (const link of ['postgres', 'redis', 'clients'] as const) {
      await run.part(link, async () => {
        await using topology = await run.cluster({ env: unlimited, proxied: [link] });
        await endure(run, topology, totals, () => [link]);
      });
    }
    await run.part('any', async () => {
      const proxied: Link[] = ['redis', 'postgres', 'clients'];
      await using topology = await run.cluster({ env: unlimited, proxied });
      await endure(run, topology, totals, () =>
        run.random.shuffled(proxied).slice(0, run.random.between(1, 3)),
      );
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env: unlimited, proxied: ['clients'] });
      await endure(run, topology, totals, () => ['clients']);
    });
    const { p50, p99, max, count } = percentilesOf(totals.waits);
    run.note('schedules', totals.schedules);
    run.note('the full promise', `${targetSchedules} schedules`);
    run.note('acknowledged', totals.acked);
    run.note('good side: sends', count);
    run.note('good side: p50/p99/max ms', [p50, p99, max].map(Math.round).join('/'));
    run.note('a healed node takes messages again after at most ms', Math.max(...totals.recoveries));
    return totals.findings;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };

const plan = {
  conversations: 3,
  publishers: { raw: 4, sdk: 2 },
  readers: { raw: 3, sdk: 2 },
  pauseMs: 120,
};

interface Totals {
  schedules: number;
  findings: number;
  acked: number;
  readonly waits: number[];
  /** Milliseconds until a healed node took messages again. */
  readonly recoveries: number[];
}

/** Harms come and go by chance while everybody talks; then all is well again and is compared. */
async function endure(
  run: Run,
  topology: Topology,
  totals: Totals,
  chooseLinks: () => readonly Link[],
): Promise<void> {
  const crowd = await Crowd.gather(run, topology, plan);
  const good = await GoodSide.start(topology);
  crowd.begin();
  await pause(300);
  const told: string[] = [];
  let bag: LineHarm[] = [];
  for (let left = run.sized({ ci: 3, full: 100 }); left > 0; left--) {
    // Each way to fail once before any comes again.
    if (bag.length === 0) bag = run.random.shuffled(lineHarms);
    const harm = bag.pop() ?? run.random.pick(lineHarms);
    const split = chooseSplit(run, topology, { harm, links: chooseLinks() });
    told.push(split.name);
    totals.schedules += 1;
    await good.without(split.nodes, () => carryOut(run, split));
    expectAllAlive(run, topology);
    await pause(run.random.between(300, 1_500));
  }
  await good.stop();
  expectAllAlive(run, topology);
  const findings = await crowd.finish();
  totals.findings += findings.total;
  totals.acked += crowd.history.acked;
  totals.waits.push(...good.waits);
  totals.recoveries.push(...good.recoveries);
  run.say(`  ${crowd.history.acked} acknowledged; ${told.join(', ')}`);

  run.expect(crowd.history.acked > 0, 'something was acknowledged');
  for (const refusal of good.refusals) run.fail(refusal);
  if (topology.nodes.length === 1) return;
  const { p99, count } = percentilesOf(good.waits);
  run.say(`  good side: p99 ${Math.round(p99)} ms of ${count} sends`);
  run.expect(p99 < goodMs, `the good side waited ${Math.round(p99)} ms (p99)`);
}

function expectAllAlive(run: Run, { nodes }: Topology): void {
  for (const { ended, log } of nodes) {
    run.expect(ended === undefined, `${ended}: ${log().slice(-2_000)}`);
  }
}

interface Split {
  readonly name: string;
  readonly harm: LineHarm;
  readonly proxies: readonly TcpProxy[];
  /** Whose lines these are. */
  readonly nodes: readonly number[];
  readonly ms: number;
  /** Lines that lost bytes stay silent for ever, as behind a router that has forgotten them. */
  readonly keepSilent: boolean;
}

function chooseSplit(
  run: Run,
  { nodes, proxies }: Topology,
  { harm, links }: { readonly harm: LineHarm; readonly links: readonly Link[] },
): Split {
  const { random } = run;
  // One node apart, or all but one, or all.
  const size = random.pick([1, 1, Math.max(1, nodes.length - 1), nodes.length]);
  const apart = random
    .shuffled(nodes)
    .slice(0, size)
    .map(({ index }) => index);
  const harmed = links.flatMap((link) => apart.flatMap((node) => proxies[link][node] ?? []));
  if (harmed.length === 0) throw new Error(`no line of ${links} can be harmed`);
  const ms = run.sized({ ci: random.between(300, 1_500), full: random.between(100, 25_000) });
  const keepSilent = random.chance(run.sized({ ci: 0.1, full: 0.3 }));
  // Without Redis sends are as good as with it.
  const nodesHarmed = links.every((link) => link === 'redis') ? [] : apart;
  const name = `${harm.name} of ${links.join(' and ')} (${apart.join(', ')})`;
  return { name, harm, proxies: harmed, nodes: nodesHarmed, ms, keepSilent };
}

async function carryOut(run: Run, { harm, proxies, ms, keepSilent }: Split): Promise<void> {
  await harm.run({ proxies, random: run.random, until: performance.now() + ms });
  for (const proxy of proxies) await proxy.heal({ keepSilent });
}
