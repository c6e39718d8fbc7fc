import type { Gate } from './kit/gate.ts';
import type { Mutant } from './kit/mutant.ts';

interface Entry {
  readonly gate: () => Promise<{ readonly gate: Gate }>;
  /** Bugs that the gate must find when they are planted. */
  readonly mutants: () => Promise<{ readonly mutants: readonly Mutant[] }>;
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
  noisy: {
    gate: () => import('./noisy/gate.ts'),
    mutants: () => import('./noisy/mutants.ts'),
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type GateName = keyof typeof gates;

export function isGateName(name: string): name is GateName {
  return Object.hasOwn(gates, name);
}
