import type { Mutant } from '../kit/mutant.ts';

const verdict = 'gates/kit/run-mutant.ts';

/** Bugs of the harness itself: it believes that it has seen what it has not. */
export const mutants: readonly Mutant[] = [
  {
    id: 'all-is-found',
    bug: 'a gate that passes counts as one that has found the bug',
    file: verdict,
    find: 'if (run.code !== 1 || run.result?.pass !== false) return',
    replace: 'if (run.code === 0) return undefined; if (run.code !== 1) return',
    part: 'control',
    failure: 'what is no bug was found',
  },
  {
    id: 'stale-is-found',
    bug: 'a bug that could not be planted counts as found',
    file: verdict,
    find: "if (!run.planted) return 'the changed file was never loaded';\n  if (run.code !== 1",
    replace: 'if (!run.planted) return undefined;\n  if (run.code !== 1',
    part: 'control',
    failure: 'what is not there was found',
  },
  {
    id: 'wrong-reason',
    bug: 'a gate that falls short for another reason counts as one that has found the bug',
    file: verdict,
    find: 'return `the gate ended',
    replace: 'return void `the gate ended',
    part: 'control',
    failure: 'was found',
  },
];
