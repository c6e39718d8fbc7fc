import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import type { Totals } from './totals.ts';

const plan = {
  conversations: 6,
  publishers: { raw: 10, sdk: 4 },
  readers: { raw: 6, sdk: 14 },
  pauseMs: 40,
};

/** Who comes for the first time: the stranger too. */
const everybody = 10 + 4 + 6 + 14 + 1;

const thin = 400;
const patienceMs = 60_000;

/** Everybody's lines break all the time, in the middle of frames too; each comes back to any node. */
export async function cutAllTheTime(
  run: Run,
  totals: Totals,
  topology: Topology,
  seconds: number,
): Promise<void> {
  const { random } = run;
  const crowd = await Crowd.gather(run, topology, plan);
  crowd.begin();
  const end = performance.now() + seconds * 1_000;
  const { clients } = topology.proxies;
  const { history } = crowd;
  const accepted = () => clients.reduce((sum, one) => sum + one.accepted, 0);
  const before = accepted();
  let cuts = 0;
  // Where the machine has little time for us, cuts among too few messages would prove nothing.
  const isThin = () => history.acked < thin && performance.now() < end + patienceMs;
  while (performance.now() < end || isThin()) {
    await pause(random.between(10, 60));
    crowd.cutSomebody();
    cuts += 1;
    if (clients.length === 0 || !random.chance(0.15)) continue;
    const proxy = random.pick(clients);
    // All lines of a node, each within one of its next frames, or within the answer to its sync.
    const afterBytes = random.below(random.pick([10, 300, 5_000]));
    const how = random.pick(['close', 'reset'] as const);
    proxy.cut({ direction: random.pick(['toClient', 'toServer'] as const), afterBytes, how });
  }
  // A cut that waits for bytes may find none: what counts is who came anew, where that can be counted.
  totals.cuts += clients.length === 0 ? cuts : Math.max(0, accepted() - before - everybody);
  const findings = await crowd.finish();
  run.expect(history.acked >= thin, `only ${history.acked} were acknowledged meanwhile`);
  totals.found += findings.total;
  run.note(`acknowledged meanwhile, ${topology.kind} of ${topology.nodes.length}`, history.acked);
}
