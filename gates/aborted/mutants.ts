import type { Mutant } from '../kit/mutant.ts';

const part = 'one node';
const commit = 'packages/server/src/messages/group-commit.ts';

/** Bugs that `aborted` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'unknown-is-failure',
    bug: 'a send whose commit was not answered is told as refused',
    file: commit,
    find: "kind === 'data'\n          ? new",
    replace: "kind === 'data' || kind === 'unavailable'\n          ? new",
    part,
    failure: ['refused for good', 'false-failure: '],
  },
  {
    id: 'unknown-is-success',
    bug: 'a send whose commit was not answered is told as stored',
    file: commit,
    find: '          : unavailable(error),\n      );',
    replace:
      "          : (one.resolve({ seq: 1, version: 1, created_at: '', repeated: true }), error),\n      );",
    part,
    failure: ['lost: ', 'divergence: '],
  },
  {
    id: 'never-answered',
    bug: 'what was under way when the line was lost is never answered',
    file: commit,
    find: '    const parts = partsOf(group);\n',
    replace: "    const parts = partsOf(group);\n    if (kind === 'unavailable') return 'done';\n",
    part,
    failure: 'a send was',
  },
  {
    id: 'repeats-are-new',
    bug: 'a repeat of a message whose first try was stored is refused',
    file: 'packages/server/src/messages/append-plan.ts',
    find: 'const stored = new Map(answers.existing.map((row) => [row.n - 1, row]));',
    replace: 'const stored = new Map(answers.existing.slice(0, 0).map((row) => [row.n - 1, row]));',
    part,
    failure: 'false-failure: ',
  },
];
