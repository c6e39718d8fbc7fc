import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import { processesOf } from '../kit/own-postgres.ts';
import type { Run } from '../kit/run.ts';
import type { Postgres, Topology } from '../kit/topology.ts';

/** The full size of the promise, over both topologies and all parts. */
const target = { kills: 2_000, acks: 1_000_000 };

export const gate: Gate = {
  name: 'kill9',
  promise: 'an acknowledged message is never lost, doubled or moved, whatever is killed and when',
  unit: 'lost of all acknowledged',
  target: 0,
  async run(run) {
    const totals: Totals = { kills: 0, acks: 0, findings: 0 };
    // The smallest: one node and its database under full load. Planted bugs are found here.
    await run.part('one node', async () => {
      await using topology = await run.cluster({ nodes: 1, ownPostgres: true, env: unlimited });
      await endure(run, totals, topology, {
        kills: 3,
        acks: 300,
        longestPauseMs: 300,
        plan: smallPlan,
        victims: [
          () => revivePostgres(topology),
          () => revive(topology.nodes[0]),
          () => revivePostgres(topology),
        ],
      });
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env: unlimited });
      const [node] = topology.nodes;
      await inRounds(run, totals, topology, [
        () => revive(node),
        () => revivePostgres(topology),
        () => reviveBoth(topology),
      ]);
    });
    await run.part('cluster', async () => {
      await using topology = await run.cluster({ ownPostgres: true, env: unlimited });
      await inRounds(run, totals, topology, [
        ...topology.nodes.map((node) => () => revive(node)),
        () => revivePostgres(topology),
        () => reviveRedis(topology),
        () => reviveBoth(topology),
      ]);
    });
    run.note('kills', totals.kills);
    run.note('acknowledged', totals.acks);
    run.note('the full promise', `${target.acks} acknowledged over ${target.kills} kills`);
    return totals.findings;
  },
};

/** Rates are another gate's; here they would only keep the load away. */
const unlimited = { PARLEY_RATE_SCALE: '0' };

type Victims = readonly (() => Promise<void>)[];

/** Kills and acknowledgements of a round, on either topology: half of what the gate promises every day. */
const round = { kills: 50, acks: 25_000, longestPauseMs: 2_500 };

/** Everything in rounds, each with people of its own: a history is held in memory. */
async function inRounds(
  run: Run,
  totals: Totals,
  topology: Topology,
  victims: Victims,
): Promise<void> {
  for (let left = run.sized({ ci: 1, full: 20 }); left > 0; left--) {
    await endure(run, totals, topology, { ...round, victims });
  }
}

interface Totals {
  kills: number;
  acks: number;
  findings: number;
}

interface Ordeal {
  /** It goes on until there were so many. */
  readonly kills: number;
  readonly acks: number;
  readonly longestPauseMs: number;
  /** Each kills something and brings it back; each has its turn, then chance decides. */
  readonly victims: Victims;
  readonly plan?: typeof crowdPlan;
}

const crowdPlan = {
  conversations: 16,
  publishers: { raw: 44, sdk: 6 },
  readers: { raw: 4, sdk: 3 },
};

/** As many as a planted bug needs to be found. */
const smallPlan = {
  conversations: 4,
  publishers: { raw: 17, sdk: 3 },
  readers: { raw: 1, sdk: 1 },
};

/** Nothing is killed before so many have been acknowledged since the last time: it would prove nothing. */
const acksBetween = 60;
/** By then they are, or it has not come back. */
const patienceMs = 30_000;

async function endure(
  run: Run,
  totals: Totals,
  topology: Topology,
  { kills: fewestKills, acks, longestPauseMs, victims, plan = crowdPlan }: Ordeal,
): Promise<void> {
  const crowd = await Crowd.gather(run, topology, plan);
  crowd.begin();
  const { history } = crowd;
  let kills = 0;
  while (kills < fewestKills || history.acked < acks) {
    if (!(await comesTo(() => history.acked, history.acked + acksBetween))) {
      run.fail(`after ${kills} kills messages are not acknowledged any more`);
      break;
    }
    await pause(run.random.between(0, longestPauseMs));
    const kill = victims[kills] ?? run.random.pick(victims);
    kills += 1;
    await kill();
  }
  for (const { index, ended } of topology.nodes) {
    if (ended !== undefined) throw new Error(`node ${index} is gone: ${ended}`);
  }
  const findings = await crowd.finish();
  totals.kills += kills;
  totals.acks += history.acked;
  totals.findings += findings.total;
  run.say(`  ${history.acked} acknowledged over ${kills} kills`);
  run.expect(history.acked > 0, 'something was acknowledged');
}

/** Answers whether it did. */
async function comesTo(count: () => number, enough: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (count() < enough && performance.now() < deadline) await pause(10);
  return count() >= enough;
}

async function revive(node: Topology['nodes'][number] | undefined): Promise<void> {
  await node?.kill('SIGKILL');
  await node?.restart();
}

async function revivePostgres({ postgres }: Topology): Promise<void> {
  await killPostgres(postgres);
  await postgres?.restart();
}

/** All its processes at once: a backend whose postmaster alone is gone still ends its commit. */
async function killPostgres(postgres: Postgres | undefined): Promise<void> {
  if (postgres === undefined) return;
  for (const pid of await processesOf(await postgres.pid())) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended since it was listed.
    }
  }
  await postgres.kill('SIGKILL');
}

async function reviveRedis({ redis }: Topology): Promise<void> {
  await redis?.process.kill('SIGKILL');
  await redis?.process.restart();
}

/** A machine that goes away: database and a server at once. */
async function reviveBoth({ nodes, postgres }: Topology): Promise<void> {
  const [node] = nodes;
  await Promise.all([node?.kill('SIGKILL'), killPostgres(postgres)]);
  await Promise.all([node?.restart(), postgres?.restart()]);
}
