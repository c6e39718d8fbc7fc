import type { Mutant } from '../kit/mutant.ts';

/** The planted bugs of the gates that are asked here. */
export const mutantsOf = {
  kill9: async () => import('../kill9/mutants.ts'),
  idem: async () => import('../idem/mutants.ts'),
  order: async () => import('../order/mutants.ts'),
  resume: async () => import('../resume/mutants.ts'),
  fold: async () => import('../fold/mutants.ts'),
  revoke: async () => import('../revoke/mutants.ts'),
  'authz-matrix': async () => import('../authz-matrix/mutants.ts'),
} as const satisfies Readonly<
  Record<string, () => Promise<{ readonly mutants: readonly Mutant[] }>>
>;

interface Classic {
  readonly gate: keyof typeof mutantsOf;
  /** Of the mutant in that gate's `mutants.ts`. */
  readonly id: string;
}

/** What messaging servers are known to get wrong, and the gate that has to see it. */
export const classics = {
  'acknowledged before the commit': { gate: 'kill9', id: 'ack-before-commit' },
  'acknowledged before it is on disk': { gate: 'kill9', id: 'ack-before-disk' },
  'sent again under a new id': { gate: 'kill9', id: 'new-id-for-each-try' },
  'numbers not of the transaction': { gate: 'kill9', id: 'no-transaction' },
  'repeats known for 30 seconds': { gate: 'idem', id: 'window-of-30-s' },
  'stored twice when repeated': { gate: 'idem', id: 'stored-twice' },
  'other content under a known id': { gate: 'idem', id: 'other-words-pass' },
  'numbers from the clock': { gate: 'order', id: 'seq-from-the-clock' },
  'history in another order': { gate: 'order', id: 'sorted-by-id' },
  'one left out of the fan-out': { gate: 'order', id: 'fan-out-skipped' },
  'the bus trusted for order': { gate: 'order', id: 'bus-is-trusted' },
  'told to another tenant': { gate: 'order', id: 'other-tenant' },
  'resume off by one': { gate: 'resume', id: 'off-by-one' },
  'an incomplete answer called complete': { gate: 'resume', id: 'no-more' },
  'listening after reading': { gate: 'resume', id: 'subscribe-after-read' },
  'going on from memory': { gate: 'resume', id: 'from-memory' },
  'an edit not told': { gate: 'fold', id: 'edit-not-told' },
  'an event that tells too little': { gate: 'fold', id: 'name-not-folded' },
  'told after being removed': { gate: 'revoke', id: 'removed-listens' },
  'history of others': { gate: 'authz-matrix', id: 'foreign-history' },
} as const satisfies Readonly<Record<string, Classic>>;
