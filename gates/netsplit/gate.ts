import type { Gate } from '../kit/gate.ts';

export const gate: Gate = {
  name: 'netsplit',
  promise: 'whatever line fails, and how: nothing is lost, doubled or moved',
  unit: 'violations',
  target: 0,
  run: async () => Number.NaN,
};
