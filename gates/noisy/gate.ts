import type { Gate } from '../kit/gate.ts';
import { checkForwarded } from './forwarded.ts';
import { checkLimits, checkLimitsOfNodes } from './limits-kept.ts';
import { compareOthers, target } from './others.ts';

/** Of every limit: so that a hundred times of it is something that this machine can do. */
const scale = 0.005;
const times = 100;

export const gate: Gate = {
  name: 'noisy',
  promise: 'A tenant at a hundred times its limits is held to them, and others hardly notice.',
  unit: `times the p99 of a quiet time (up to ${target.orMoreMs} ms more are within the target)`,
  target: target.times,
  async run(run) {
    const values: number[] = [];
    await run.part('limits', () => checkLimits(run, { scale, times }));
    // Limits large enough that nodes let something through untold, and (full) small ones.
    await run.part('three nodes', () => checkLimitsOfNodes(run, { scale: 0.02, times: 3 }));
    if (run.size === 'full') {
      await run.part('three nodes, small limits', () => checkLimitsOfNodes(run, { scale, times }));
    }
    await run.part('others', async () => {
      const rounds = run.sized({ ci: 4, full: 20 });
      const what = 'everything';
      values.push(await compareOthers(run, { name: 'flood', scale, times, rounds, what }));
    });
    if (run.size === 'full') {
      // Limits as they are: what is let through is work, too.
      await run.part('others at full speed', async () => {
        const what = 'messages';
        values.push(
          await compareOthers(run, { name: 'messages', scale: 1, times: 2, rounds: 10, what }),
        );
      });
    }
    await run.part('forwarded', () => checkForwarded(run));
    return Math.max(...values);
  },
};
