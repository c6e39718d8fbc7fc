import type { Mutant } from '../kit/mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'keeper-gives-up',
    bug: 'a PostgreSQL that does not start at once is left alone',
    file: 'packages/server/src/db/embedded/keeper.ts',
    find: '        await pause(2_000);',
    replace: '        return;',
    part: 'log',
    failure: 'messages were taken again after',
  },
  {
    id: 'full-is-the-senders-fault',
    bug: 'a send that found no space is told as a wrong one',
    file: 'packages/server/src/db/failure.ts',
    find: "    case '53': // insufficient resources",
    replace: "    case '53': return 'data';\n    case '54': // insufficient resources",
    part: 'data',
    failure: 'a send was answered with 400',
  },
  {
    id: 'full-is-stored',
    bug: 'a send that found no space is acknowledged',
    file: 'packages/server/src/messages/group-commit.ts',
    find: '          : unavailable(error),\n      );',
    replace:
      "          : (one.resolve({ seq: 1, version: 1, created_at: '', repeated: true }), error),\n      );",
    part: 'data',
    failure: 'a send was answered with 200',
  },
];
