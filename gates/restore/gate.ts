import type { Gate } from '../kit/gate.ts';
import { archive } from './archive.ts';
import { damaged } from './damaged.ts';
import { drill } from './drill.ts';
import { killed } from './killed.ts';
import { live } from './live.ts';
import { oneTenant } from './one-tenant.ts';

export const gate: Gate = {
  name: 'restore',
  promise:
    'a backup taken while people write comes back whole, within a minute, or is refused; with ' +
    'archived WAL nothing acknowledged is lost',
  unit: 's until it serves again',
  target: 60,
  async run(run) {
    let seconds = Number.NaN;
    await run.part('live', () => live(run));
    await run.part('damaged', () => damaged(run));
    await run.part('killed', () => killed(run));
    await run.part('one tenant', () => oneTenant(run));
    await run.part('archive', () => archive(run));
    await run.part('drill', async () => {
      seconds = await drill(run);
      run.expect(seconds <= 60, `it serves again within 60 s, and took ${seconds.toFixed(1)} s`);
    });
    return seconds;
  },
};
