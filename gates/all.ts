import type { Gate } from './kit/gate.ts';
import type { Mutant } from './kit/mutant.ts';

interface Entry {
  readonly gate: () => Promise<{ readonly gate: Gate }>;
  /** Bugs that the gate must find when they are planted. */
  readonly mutants: () => Promise<{ readonly mutants: readonly Mutant[] }>;
  /** False where it takes too long for every day: `npm run gates` runs it, `npm test` does not. */
  readonly fast?: boolean;
}

/** Every gate there is; one is loaded when it is run. */
export const gates = {
  'authz-matrix': {
    gate: () => import('./authz-matrix/gate.ts'),
    mutants: () => import('./authz-matrix/mutants.ts'),
  },
  jwt: {
    gate: () => import('./jwt/gate.ts'),
    mutants: () => import('./jwt/mutants.ts'),
  },
  origin: {
    gate: () => import('./origin/gate.ts'),
    mutants: () => import('./origin/mutants.ts'),
  },
  revoke: {
    gate: () => import('./revoke/gate.ts'),
    mutants: () => import('./revoke/mutants.ts'),
  },
  'ws-conf': {
    gate: () => import('./ws-conf/gate.ts'),
    mutants: () => import('./ws-conf/mutants.ts'),
  },
  fuzz: {
    gate: () => import('./fuzz/gate.ts'),
    mutants: () => import('./fuzz/mutants.ts'),
  },
  preauth: {
    gate: () => import('./preauth/gate.ts'),
    mutants: () => import('./preauth/mutants.ts'),
  },
  storm: {
    gate: () => import('./storm/gate.ts'),
    mutants: () => import('./storm/mutants.ts'),
    fast: false,
  },
  slow: {
    gate: () => import('./slow/gate.ts'),
    mutants: () => import('./slow/mutants.ts'),
    fast: false,
  },
  soak: {
    gate: () => import('./soak/gate.ts'),
    mutants: () => import('./soak/mutants.ts'),
    fast: false,
  },
  noisy: {
    gate: () => import('./noisy/gate.ts'),
    mutants: () => import('./noisy/mutants.ts'),
  },
  aborted: {
    gate: () => import('./aborted/gate.ts'),
    mutants: () => import('./aborted/mutants.ts'),
    fast: false,
  },
  kill9: {
    gate: () => import('./kill9/gate.ts'),
    mutants: () => import('./kill9/mutants.ts'),
    fast: false,
  },
  idem: {
    gate: () => import('./idem/gate.ts'),
    mutants: () => import('./idem/mutants.ts'),
    fast: false,
  },
  order: {
    gate: () => import('./order/gate.ts'),
    mutants: () => import('./order/mutants.ts'),
    fast: false,
  },
  resume: {
    gate: () => import('./resume/gate.ts'),
    mutants: () => import('./resume/mutants.ts'),
    fast: false,
  },
  fold: {
    gate: () => import('./fold/gate.ts'),
    mutants: () => import('./fold/mutants.ts'),
    fast: false,
  },
  deploy: {
    gate: () => import('./deploy/gate.ts'),
    mutants: () => import('./deploy/mutants.ts'),
    fast: false,
  },
  'redis-chaos': {
    gate: () => import('./redis-chaos/gate.ts'),
    mutants: () => import('./redis-chaos/mutants.ts'),
    fast: false,
  },
  epoch: {
    gate: () => import('./epoch/gate.ts'),
    mutants: () => import('./epoch/mutants.ts'),
    fast: false,
  },
  restore: {
    gate: () => import('./restore/gate.ts'),
    mutants: () => import('./restore/mutants.ts'),
    fast: false,
  },
  ghost: {
    gate: () => import('./ghost/gate.ts'),
    mutants: () => import('./ghost/mutants.ts'),
    fast: false,
  },
  'ack-fsync': {
    gate: () => import('./ack-fsync/gate.ts'),
    mutants: () => import('./ack-fsync/mutants.ts'),
    fast: false,
  },
  enospc: {
    gate: () => import('./enospc/gate.ts'),
    mutants: () => import('./enospc/mutants.ts'),
    fast: false,
  },
  bitflip: {
    gate: () => import('./bitflip/gate.ts'),
    mutants: () => import('./bitflip/mutants.ts'),
    fast: false,
  },
  netsplit: {
    gate: () => import('./netsplit/gate.ts'),
    mutants: () => import('./netsplit/mutants.ts'),
    fast: false,
  },
  mutants: {
    gate: () => import('./mutants/gate.ts'),
    mutants: () => import('./mutants/mutants.ts'),
    fast: false,
  },
  clock: {
    gate: () => import('./clock/gate.ts'),
    mutants: () => import('./clock/mutants.ts'),
    fast: false,
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type GateName = keyof typeof gates;

export function isGateName(name: string): name is GateName {
  return Object.hasOwn(gates, name);
}

/** Whether `npm test` runs it; `npm run gates` runs all. */
export function isFast(name: GateName): boolean {
  const entry: Entry = gates[name];
  return entry.fast ?? true;
}
