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
    id: 'one-by-one',
    bug: 'hellos are answered one by one',
    file: `${server}/limits/bounds.ts`,
    find: 'entering: 500,',
    replace: 'entering: 1,',
    part,
    failure: ['until all were back', 'questions for each'],
  },
];
