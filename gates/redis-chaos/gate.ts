import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import { BusyMachine } from '../kit/busy-machine.ts';
import type { Gate } from '../kit/gate.ts';
import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { type Harm, harms } from './harms.ts';
import { Probe } from './probe.ts';

/** News is never later than this, whatever becomes of Redis. */
const repairMs = 2_000;
/** A send is answered within this time, in spite of Redis. */
const sendMs = 2_000;
/** Nodes hear each other by Redis again this soon after it is well. */
const liveAgainMs = 10_000;

/** Redis may be lost in every way: it costs latency, and nothing else. */
export const gate: Gate = {
  name: 'redis-chaos',
  promise:
    'whatever becomes of Redis: nothing is lost, sends are taken, news is late by 2 s at most',
  unit: 'ms until the latest news was told',
  target: repairMs,
  async run(run) {
    const topology = await run.cluster({
      env: { PARLEY_RATE_SCALE: '0' },
      proxied: ['redis'],
    });
    await using _ = topology;
    let latest = 0;
    for (const harm of harms) {
      await run.part(harm.name, async () => {
        for (let round = run.sized({ ci: 1, full: 40 }); round > 0; round--) {
          latest = Math.max(latest, await checkHarm(run, topology, harm));
        }
      });
    }
    return latest;
  },
};

/** Few, so that three nodes on two cores are busy with Redis and not with them. */
const crowdPlan = {
  conversations: 2,
  publishers: { raw: 3, sdk: 1 },
  readers: { raw: 4, sdk: 2 },
  pauseMs: 150,
};

/** On a busy machine news may be late for reasons that are not ours: the best of so many times counts. */
const attempts = 3;
const busy = 3;

/** Nothing may be lost or refused at any time; how late news was is judged by the best attempt. */
async function checkHarm(run: Run, topology: Topology, harm: Harm): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  let slowest = Number.POSITIVE_INFINITY;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const machine = new BusyMachine();
    const late = await machine.during(() => harmOnce(run, topology, harm));
    best = Math.min(best, late.news);
    slowest = Math.min(slowest, late.send);
    if ((best <= repairMs && slowest <= sendMs) || machine.stretch < busy) break;
    run.say(`  late on a busy machine (${Math.round(late.news)} ms): once more`);
  }
  run.expect(best <= repairMs, `news was late by ${Math.round(best)} ms`);
  run.expect(slowest <= sendMs, `a send took ${Math.round(slowest)} ms`);
  return best;
}

interface Late {
  /** How late the latest news was, and the slowest send, in ms. */
  readonly news: number;
  readonly send: number;
}

async function harmOnce(run: Run, topology: Topology, harm: Harm): Promise<Late> {
  const { redis, proxies } = topology;
  if (redis === undefined) throw new Error('there is no Redis');
  const crowd = await Crowd.gather(run, topology, crowdPlan);
  const probe = await Probe.start(run, topology);
  crowd.begin();
  await pause(300);
  const ms = run.sized({ ci: 2_500, full: run.random.between(500, 12_000) });
  await harm.run({ redis, proxies: proxies.redis, random: run.random, ms });
  const healed = performance.now();
  await heardAgain(run, topology);
  const live = performance.now() - healed;
  await probe.stop();
  await crowd.finish();

  const { messages, moves, sends } = probe.waits;
  const latest = Math.max(0, ...messages, ...moves);
  const slowest = Math.max(0, ...sends);
  const told = percentilesOf(messages);
  run.note(`${harm.name}: sent`, sends.length + crowd.history.acked);
  run.note(
    `${harm.name}: message p50/p99/latest ms`,
    [told.p50, told.p99, latest].map(Math.round).join('/'),
  );
  run.note(`${harm.name}: slowest send ms`, slowest);
  run.note(`${harm.name}: live again after ms`, live);
  run.expect(messages.length > 0 && moves.length > 0, 'something was told');
  return { news: latest, send: slowest };
}

/** Waits until every node has heard another by Redis. */
async function heardAgain(run: Run, topology: Topology): Promise<void> {
  const before = await heardBy(topology);
  for (const end = performance.now() + liveAgainMs; performance.now() < end; await pause(50)) {
    const heard = await heardBy(topology);
    if (heard.every((count, node) => count > (before[node] ?? 0))) return;
  }
  run.fail(`a node did not hear the others by Redis within ${liveAgainMs} ms`);
}

/** How many publications each node has heard. */
function heardBy({ nodes }: Topology): Promise<number[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const { text } = await node.call('GET', '/metrics');
      return Number(/^parley_bus_heard_total (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
    }),
  );
}
