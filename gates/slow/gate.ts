import { contract } from '../kit/contract.ts';
import type { Gate } from '../kit/gate.ts';
import { checkDead } from './dead.ts';
import { checkNotReading } from './not-reading.ts';
import { checkResume } from './resume.ts';

const env = { PARLEY_RATE_SCALE: '0' };

export const gate: Gate = {
  name: 'slow',
  promise: 'who does not read, or is gone without a word, costs little and hurts nobody',
  unit: 'MiB of memory for all who do not read',
  target: contract.notReadingMiB,
  async run(run) {
    let mebibytes = Number.NaN;
    await run.part('resume', async () => {
      await using installed = await run.install(env);
      await checkResume(run, installed);
    });
    await run.part('not reading', async () => {
      await using installed = await run.install(env);
      mebibytes = await checkNotReading(run, installed, {
        people: run.sized({ ci: 1_000, full: 10_000 }),
        notReading: run.sized({ ci: 100, full: 1_000 }),
        seconds: run.sized({ ci: 12, full: 60 }),
      });
    });
    await run.part('dead', async () => {
      await using installed = await run.install(env);
      await checkDead(run, installed, run.sized({ ci: 100, full: 1_000 }));
    });
    return mebibytes;
  },
};
