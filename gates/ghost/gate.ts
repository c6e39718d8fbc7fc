import type { Gate } from '../kit/gate.ts';
import { checkFlushed } from './flushed.ts';
import { checkKilled } from './killed.ts';
import { checkPaused } from './paused.ts';
import { setScene } from './scene.ts';
import { checkSecondTab } from './second-tab.ts';

const targetSeconds = 10;

/** Who is online, right after something died. */
export const gate: Gate = {
  name: 'ghost',
  promise: 'who is gone is shown gone, who is there stays there, and no read mark goes back',
  unit: 's until the last ghost was gone',
  target: targetSeconds,
  async run(run) {
    await using cluster = await run.cluster({ env: { PARLEY_RATE_SCALE: '0' } });
    let slowest = 0;
    const timed = async (name: string, seconds: number) => {
      run.note(`${name}: seconds`, seconds);
      run.expect(seconds <= targetSeconds, `the last ghost was gone after ${seconds.toFixed(1)} s`);
      slowest = Math.max(slowest, seconds);
    };
    const count = run.sized({ ci: 120, full: 1_000 });
    run.note('people', count);
    const rounds = run.sized({ ci: 1, full: 5 });
    // Rounds within a part: a part begins with the same chances each time.
    const often = (name: string, work: () => Promise<void>) =>
      run.part(name, async () => {
        for (let round = rounds; round > 0; round--) await work();
      });
    await often('killed', async () => {
      await timed('killed', await checkKilled(await setScene(run, cluster, count)));
    });
    await often('second-tab', async () => {
      await checkSecondTab(await setScene(run, cluster, count / 4));
    });
    await often('flushed', async () => {
      await timed('flushed', await checkFlushed(await setScene(run, cluster, count / 2)));
    });
    await often('paused', async () => {
      await timed('paused', await checkPaused(await setScene(run, cluster, count / 4)));
    });
    return slowest;
  },
};
