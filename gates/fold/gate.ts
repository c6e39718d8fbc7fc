import type { Gate } from '../kit/gate.ts';
import { showEveryEvent } from './every-event.ts';
import { foldSequences } from './sequences.ts';

/** Sequences of acts in the promise's full size. */
const promised = 100_000;

export const gate: Gate = {
  name: 'fold',
  promise: 'state and events fold to what a new client reads, for every event that there is',
  unit: 'differences',
  target: 0,
  async run(run) {
    let [found, sequences] = [0, 0];
    await run.part('every event', async () => {
      await using topology = await run.cluster({ nodes: 2, env: unlimited });
      found += await showEveryEvent(run, topology);
    });
    await run.part('one node', async () => {
      await using topology = await run.cluster({ nodes: 1, env: unlimited });
      const runs = run.sized({ ci: 8, full: 4_000 });
      found += await foldSequences(run, topology, runs);
      sequences += runs;
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env: unlimited });
      found += await showEveryEvent(run, topology);
      const runs = run.sized({ ci: 10, full: 8_000 });
      found += await foldSequences(run, topology, runs);
      sequences += runs;
    });
    await run.part('cluster', async () => {
      await using topology = await run.cluster({ env: unlimited });
      const runs = run.sized({ ci: 12, full: 8_000 });
      found += await foldSequences(run, topology, runs);
      sequences += runs;
    });
    run.note('sequences', sequences);
    run.note('sequences promised', promised);
    return found;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };
