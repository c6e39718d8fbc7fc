import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { disturbances } from './disturbances.ts';

export const gate: Gate = {
  name: 'order',
  promise: 'a conversation has one order without holes: live, in history and after coming back',
  unit: 'inversions, holes and differences',
  target: 0,
  async run(run) {
    let found = 0;
    await run.part('one node', async () => {
      await using topology = await run.cluster({ nodes: 1, env: unlimited });
      found += await talkInDisorder(run, topology, run.sized({ ci: 3, full: 60 }));
    });
    await run.part('two nodes', async () => {
      await using topology = await run.cluster({ nodes: 2, env: unlimited });
      found += await talkInDisorder(run, topology, run.sized({ ci: 3, full: 60 }));
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env: unlimited, proxied: ['clients'] });
      found += await talkInDisorder(run, topology, run.sized({ ci: 6, full: 600 }), true);
    });
    await run.part('cluster', async () => {
      await using topology = await run.cluster({
        env: unlimited,
        ownPostgres: true,
        proxied: ['redis', 'clients'],
      });
      found += await talkInDisorder(run, topology, run.sized({ ci: 15, full: 1_800 }), true);
    });
    return found;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };

/** Twenty write into each conversation at once, and a hundred read it. */
const crowdPlan = {
  conversations: 1,
  publishers: { raw: 17, sdk: 3 },
  readers: { raw: 92, sdk: 8 },
  pauseMs: 120,
};

/** As many as a planted bug needs to be found, where nothing is disturbed. */
const smallPlan = {
  ...crowdPlan,
  publishers: { raw: 10, sdk: 2 },
  readers: { raw: 14, sdk: 2 },
  pauseMs: 60,
};

/** Among fewer messages an order proves nothing. */
const fewest = { ci: 20, full: 1_000 };

async function talkInDisorder(
  run: Run,
  topology: Topology,
  seconds: number,
  disturbed = false,
): Promise<number> {
  const crowd = await Crowd.gather(run, topology, disturbed ? crowdPlan : smallPlan);
  crowd.begin();
  const faults = disturbed ? disturbances(run, topology) : [];
  const end = performance.now() + seconds * 1_000;
  let disturbed_ = 0;
  while (performance.now() < end) {
    await pause(run.random.between(20, disturbed ? 400 : 100));
    for (let cuts = run.random.below(3); cuts > 0; cuts--) crowd.cutSomebody();
    if (faults.length === 0 || !run.random.chance(0.5)) continue;
    disturbed_ += 1;
    await run.random.pick(faults)();
  }
  await crowd.quiet();
  // Whoever comes when all is over reads it from the start: the order of resume and of history.
  crowd.addLatecomers();
  const findings = await crowd.finish();
  const name = `${topology.kind} of ${topology.nodes.length}`;
  run.note(`acknowledged, ${name}`, crowd.history.acked);
  run.note(`disturbances, ${name}`, disturbed_);
  run.expect(
    crowd.history.acked >= run.sized(fewest),
    `only ${crowd.history.acked} were acknowledged`,
  );
  run.expect(disturbed_ > 0 || !disturbed, 'nothing was disturbed');
  return findings.total;
}
