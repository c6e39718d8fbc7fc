import type { Gate } from '../kit/gate.ts';
import { killOneNode } from './a-node-dies.ts';
import { cutAllAtOnce, target } from './all-at-once.ts';

export const gate: Gate = {
  name: 'storm',
  promise: 'All clients are cut at once and come back at once: soon, whole, and cheaply.',
  unit: 's until everybody is back',
  target: target.seconds,
  async run(run) {
    let value = 0;
    await run.part('all at once', async () => {
      value = await cutAllAtOnce(run);
    });
    await run.part('a node dies', () => killOneNode(run));
    return value;
  },
};
