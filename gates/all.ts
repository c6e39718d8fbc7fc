import type { Gate } from './kit/gate.ts';
import type { Mutant } from './kit/mutant.ts';

interface Entry {
  readonly gate: () => Promise<{ readonly gate: Gate }>;
  /** Bugs that the gate must find when they are planted. */
  readonly mutants: () => Promise<{ readonly mutants: readonly Mutant[] }>;
  /**
   * Where it takes too long for every day: `alone` in `npm test` is without its planted bugs, `never` not
   * at all. `npm run gates` runs all.
   */
  readonly everyDay?: 'alone' | 'never';
  /** It judges by counts and long waits, not by times: `npm test` runs others of its kind beside it. */
  readonly byCounts?: true;
}

/** Every gate there is; one is loaded when it is run. */
export const gates = {
  'authz-matrix': {
    gate: () => import('./authz-matrix/gate.ts'),
    mutants: () => import('./authz-matrix/mutants.ts'),
    byCounts: true,
  },
  jwt: {
    gate: () => import('./jwt/gate.ts'),
    mutants: () => import('./jwt/mutants.ts'),
    byCounts: true,
  },
  origin: {
    gate: () => import('./origin/gate.ts'),
    mutants: () => import('./origin/mutants.ts'),
    byCounts: true,
  },
  revoke: {
    gate: () => import('./revoke/gate.ts'),
    mutants: () => import('./revoke/mutants.ts'),
  },
  'ws-conf': {
    gate: () => import('./ws-conf/gate.ts'),
    mutants: () => import('./ws-conf/mutants.ts'),
    byCounts: true,
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
    everyDay: 'never',
  },
  slow: {
    gate: () => import('./slow/gate.ts'),
    mutants: () => import('./slow/mutants.ts'),
    everyDay: 'never',
  },
  soak: {
    gate: () => import('./soak/gate.ts'),
    mutants: () => import('./soak/mutants.ts'),
    everyDay: 'never',
  },
  noisy: {
    gate: () => import('./noisy/gate.ts'),
    mutants: () => import('./noisy/mutants.ts'),
  },
  aborted: {
    gate: () => import('./aborted/gate.ts'),
    mutants: () => import('./aborted/mutants.ts'),
    everyDay: 'never',
  },
  kill9: {
    gate: () => import('./kill9/gate.ts'),
    mutants: () => import('./kill9/mutants.ts'),
    everyDay: 'never',
  },
  idem: {
    gate: () => import('./idem/gate.ts'),
    mutants: () => import('./idem/mutants.ts'),
    byCounts: true,
    everyDay: 'alone',
  },
  order: {
    gate: () => import('./order/gate.ts'),
    mutants: () => import('./order/mutants.ts'),
    byCounts: true,
    everyDay: 'alone',
  },
  resume: {
    gate: () => import('./resume/gate.ts'),
    mutants: () => import('./resume/mutants.ts'),
    byCounts: true,
    everyDay: 'alone',
  },
  fold: {
    gate: () => import('./fold/gate.ts'),
    mutants: () => import('./fold/mutants.ts'),
    byCounts: true,
    everyDay: 'alone',
  },
  deploy: {
    gate: () => import('./deploy/gate.ts'),
    mutants: () => import('./deploy/mutants.ts'),
    everyDay: 'never',
  },
  'redis-chaos': {
    gate: () => import('./redis-chaos/gate.ts'),
    mutants: () => import('./redis-chaos/mutants.ts'),
    everyDay: 'never',
  },
  epoch: {
    gate: () => import('./epoch/gate.ts'),
    mutants: () => import('./epoch/mutants.ts'),
    byCounts: true,
    everyDay: 'alone',
  },
  restore: {
    gate: () => import('./restore/gate.ts'),
    mutants: () => import('./restore/mutants.ts'),
    everyDay: 'never',
  },
  ghost: {
    gate: () => import('./ghost/gate.ts'),
    mutants: () => import('./ghost/mutants.ts'),
    everyDay: 'never',
  },
  'ack-fsync': {
    gate: () => import('./ack-fsync/gate.ts'),
    mutants: () => import('./ack-fsync/mutants.ts'),
    everyDay: 'never',
  },
  enospc: {
    gate: () => import('./enospc/gate.ts'),
    mutants: () => import('./enospc/mutants.ts'),
    everyDay: 'never',
  },
  bitflip: {
    gate: () => import('./bitflip/gate.ts'),
    mutants: () => import('./bitflip/mutants.ts'),
    byCounts: true,
    everyDay: 'alone',
  },
  netsplit: {
    gate: () => import('./netsplit/gate.ts'),
    mutants: () => import('./netsplit/mutants.ts'),
    everyDay: 'never',
  },
  mutants: {
    gate: () => import('./mutants/gate.ts'),
    mutants: () => import('./mutants/mutants.ts'),
    everyDay: 'never',
  },
  clock: {
    gate: () => import('./clock/gate.ts'),
    mutants: () => import('./clock/mutants.ts'),
    everyDay: 'never',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type GateName = keyof typeof gates;

export function isGateName(name: string): name is GateName {
  return Object.hasOwn(gates, name);
}

/** How much of a gate `npm test` runs. */
export function everyDay(name: GateName): 'with its bugs' | 'alone' | 'never' {
  const entry: Entry = gates[name];
  return entry.everyDay ?? 'with its bugs';
}

/** Whether others may run beside it without a change to what it finds. */
export function judgesByCounts(name: GateName): boolean {
  const entry: Entry = gates[name];
  return entry.byCounts ?? false;
}
