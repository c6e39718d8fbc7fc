import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';
const part = 'all at once';

/** Bugs that `storm` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'sync-alone',
    bug: 'who comes back with others is read for alone',
    file: `${server}/sync/syncs.ts`,
    find: 'const rowsPerQuestion = 2_000;',
    replace: 'const rowsPerQuestion = 1;',
    part,
    failure: 'questions ',
  },
  {
    id: 'hello-alone',
    bug: 'each hello asks by itself whether it may come in',
    file: `${server}/users/admissions.ts`,
    find: 'const peoplePerQuestion = 250;',
    replace: 'const peoplePerQuestion = 1;',
    part,
    failure: 'questions ',
  },
  {
    id: 'shared-sync-skips',
    bug: 'who is answered together with others does not get the messages that were missed',
    file: `${server}/sync/sync-together.ts`,
    find: 'messages: hasChanged ? (shared.messages.get(head.id) ?? []) : [],',
    replace: 'messages: [],',
    part,
    failure: 'messages were lost',
  },
  {
    id: 'wrong-turn-away',
    bug: 'everybody who would have to wait is sent away for long',
    file: `${server}/limits/admission.ts`,
    find: 'if (waitMs > this.#options.longestWaitMs) {',
    replace: "if (waitMs > 0) { throw new ParleyError('unavailable', { retryAfterMs: 20_000 });",
    part,
    failure: 'until all were back',
  },
];
