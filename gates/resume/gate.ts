import type { Gate } from '../kit/gate.ts';
import { beAway } from './absences.ts';
import { cutAllTheTime } from './cuts.ts';
import { comeFromAnywhere } from './known-points.ts';
import type { Totals } from './totals.ts';

/** The promise is for this many; a run tells how many it had. */
const promised = 100_000;

export const gate: Gate = {
  name: 'resume',
  promise:
    'whoever comes back, from whatever absence and to whatever node, misses nothing and sees nothing twice',
  unit: 'gaps and duplicates at the SDK boundary',
  target: 0,
  async run(run) {
    const totals: Totals = { found: 0, cuts: 0 };
    await run.part('one node', async () => {
      await using topology = await run.cluster({ nodes: 1, env: unlimited });
      await comeFromAnywhere(run, totals, topology, run.sized({ ci: 200, full: 20_000 }));
    });
    await run.part('cuts', async () => {
      await using topology = await run.cluster({ nodes: 1, env: unlimited });
      await cutAllTheTime(run, totals, topology, run.sized({ ci: 2, full: 60 }));
    });
    await run.part('absences', async () => {
      await using topology = await run.cluster({ nodes: 2, env: unlimited });
      await beAway(run, totals, topology, run.sized({ ci: 6, full: 500 }));
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env: unlimited, proxied: ['clients'] });
      await comeFromAnywhere(run, totals, topology, run.sized({ ci: 500, full: 20_000 }));
      await cutAllTheTime(run, totals, topology, run.sized({ ci: 5, full: 600 }));
    });
    await run.part('cluster', async () => {
      await using topology = await run.cluster({ env: unlimited, proxied: ['clients'] });
      await comeFromAnywhere(run, totals, topology, run.sized({ ci: 1_000, full: 50_000 }));
      await cutAllTheTime(run, totals, topology, run.sized({ ci: 10, full: 1_800 }));
    });
    run.note('comings back', totals.cuts);
    run.note('comings back promised', promised);
    return totals.found;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };
