import { FakeClock } from '../faults/fake-clock.ts';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { believes, runsAhead } from './believes.ts';
import { repeats } from './repeats.ts';
import { storedTimes } from './stored-times.ts';
import { tokens } from './tokens.ts';

export const gate: Gate = {
  name: 'clock',
  promise:
    'what a node believes of the time changes nothing: ten years off, jumping, twice as fast',
  unit: 'wrong orders, repeats, times and tokens',
  target: 0,
  async run(run) {
    await run.part('apart', () => apart(run));
    await run.part('steps', () => steps(run));
    return run.failures.length;
  },
};

const env = { PARLEY_RATE_SCALE: '0' };

/** One node ten years ahead, one ten years behind, and one all of whose clocks run twice too fast. */
async function apart(run: Run): Promise<void> {
  await using ahead = await FakeClock.set('+10y');
  await using behind = await FakeClock.set('-10y');
  const clocks = [ahead.env, behind.env, FakeClock.drifting(2)];
  await using cluster = await run.cluster({ env, nodeEnv: (index) => clocks[index] ?? {} });
  const years = [10, -10];
  for (const [index, off] of years.entries()) await believes(cluster.nodes[index], off * yearMs);
  await tokens(run, cluster);
  await repeats(run, cluster);
  const crowd = await gather(run, cluster);
  await pause(run.sized({ ci: 4_000, full: 60_000 }));
  await runsAhead(cluster.nodes[2], run.sized({ ci: 4_000, full: 60_000 }));
  await finish(run, cluster, crowd);
}

const yearMs = 365 * 86_400_000;

/** Where a clock may jump to, and what that is in ms. */
const shifts = [
  ['+10y', 10 * yearMs],
  ['-10y', -10 * yearMs],
  ['+0', 0],
  ['+1d', 86_400_000],
  ['-1d', -86_400_000],
  ['+59s', 59_000],
  ['-61s', -61_000],
] as const;

/** Clocks that jump by years, in both directions, while everybody talks. */
async function steps(run: Run): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const clocks: FakeClock[] = [];
  for (let index = 0; index < 3; index++) clocks.push(stack.use(await FakeClock.set('+0')));
  await using cluster = await run.cluster({ env, nodeEnv: (index) => clocks[index]?.env ?? {} });
  const crowd = await gather(run, cluster);
  const jumps = run.sized({ ci: 6, full: 60 });
  for (let jump = 0; jump < jumps; jump++) {
    const index = run.random.below(clocks.length);
    const [shift, ms] = run.random.pick(shifts);
    await clocks[index]?.move(shift);
    await pause(1_200);
    await believes(cluster.nodes[index], ms);
  }
  await tokens(run, cluster);
  run.note('jumps', jumps);
  await finish(run, cluster, crowd);
}

async function gather(run: Run, cluster: Topology): Promise<Crowd> {
  const crowd = await Crowd.gather(run, cluster, {
    conversations: 3,
    publishers: { raw: 5, sdk: 2 },
    readers: { raw: 2, sdk: 2 },
    pauseMs: 30,
    everywhere: true,
    by: 'nodes',
  });
  crowd.begin();
  return crowd;
}

async function finish(run: Run, cluster: Topology, crowd: Crowd): Promise<void> {
  await crowd.finish();
  run.expect(crowd.history.acked > 0, 'something was acknowledged');
  await storedTimes(run, cluster);
  run.note('acknowledged', crowd.history.acked);
}
