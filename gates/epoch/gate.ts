import type { Gate } from '../kit/gate.ts';
import { ahead } from './ahead.ts';
import { flushed } from './flushed.ts';
import { restored } from './restored.ts';
import { retention } from './retention.ts';
import { setBack } from './set-back.ts';

export const gate: Gate = {
  name: 'epoch',
  promise: 'whoever holds what is no longer so is told, and shows the truth; nothing is skipped',
  unit: 'clients that went on with a hole',
  target: 0,
  async run(run) {
    await run.part('restored', () => restored(run));
    await run.part('set back', () => setBack(run));
    await run.part('ahead', () => ahead(run));
    await run.part('retention', () => retention(run));
    await run.part('flushed', () => flushed(run));
    return run.failures.length;
  },
};
