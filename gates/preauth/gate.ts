import { contract } from '../kit/contract.ts';
import type { Gate } from '../kit/gate.ts';
import type { Installed } from '../kit/installation.ts';
import { startPairs } from '../kit/pair.ts';
import type { Run } from '../kit/run.ts';
import { churn } from './churn.ts';
import { sendFloods } from './floods.ts';
import { measureIdle } from './idle-cost.ts';
import { checkTimeLimits } from './time-limits.ts';

/** The longest that others wait for a message meanwhile: both sides share two cores here. */
const longestDelayMs = 3_000;

export const gate: Gate = {
  name: 'preauth',
  promise: 'Who has not said who they are costs 16 KiB and 5 s at the most, and leaves nothing.',
  unit: 'KiB per socket before hello',
  target: contract.newcomerKiB,
  async run(run) {
    let kibibytes = Number.NaN;
    await run.part('idle', async () => {
      kibibytes = await measureIdle(run, run.sized({ ci: 4_000, full: 10_000 }));
    });
    // With the limits that it always has: the newcomers come from many addresses.
    await using installed = await run.install();
    await run.part('time', () =>
      besideOthers(run, installed, 'time', async () => {
        const longest = await checkTimeLimits(run, installed.port);
        run.note('longest stay, ms', longest);
      }),
    );
    await run.part('floods', () =>
      besideOthers(run, installed, 'floods', () => sendFloods(run, installed)),
    );
    await run.part('churn', () =>
      besideOthers(run, installed, 'churn', () => churn(run, installed, 2)),
    );
    return kibibytes;
  },
};

/** Two people talk meanwhile; nothing of theirs is lost, and nothing waits for long. */
async function besideOthers(
  run: Run,
  installed: Installed,
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  const tenant = await installed.tenant();
  const pair = await startPairs(installed, [{ tenant, name, everyMs: 50, from: '127.3.0.1' }]);
  try {
    await work();
  } finally {
    const { sent, lost, doubled, outOfOrder, faults, delays } = await pair.stop();
    await installed.answersOrEnds();
    if (installed.ended !== undefined) run.fail(`${installed.ended}\n${installed.log()}`);
    run.note(
      `others during ${name}, ms`,
      `p50 ${delays.p50.toFixed(1)}, p99 ${delays.p99.toFixed(1)}, max ${delays.max.toFixed(0)} of ${sent}`,
    );
    run.expect(
      lost + doubled + outOfOrder === 0,
      `others meanwhile: ${lost} lost, ${doubled} doubled, ${outOfOrder} out of order of ${sent}`,
    );
    for (const fault of faults) run.fail(`others meanwhile: ${fault}`);
    run.expect(
      delays.max <= longestDelayMs,
      `others waited ${delays.max.toFixed(0)} ms for a message`,
    );
  }
}
