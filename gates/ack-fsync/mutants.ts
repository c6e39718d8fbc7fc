import type { Mutant } from '../kit/mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'ack-before-commit',
    bug: 'messages are acknowledged when they are inserted, while the commit is under way',
    file: 'packages/server/src/messages/append-group.ts',
    find: '    pipeline.query(statements.commit),\n',
    replace:
      "    (pipeline.query(statements.commit).catch(() => {}), Promise.resolve({ command: 'COMMIT' })),\n",
    part: 'slow disk',
    failure: 'was told before',
  },
  {
    id: 'asynchronous-commit',
    bug: 'connections turn synchronous commits off',
    file: 'packages/server/src/db/postgres/connect.ts',
    find: "      '-c default_transaction_read_only=off',",
    replace: "      '-c default_transaction_read_only=off -c synchronous_commit=off',",
    part: 'slow disk',
    failure: 'was told before',
  },
  {
    id: 'no-fsync',
    bug: 'PostgreSQL runs without fsync',
    file: 'packages/server/src/db/embedded/settings.ts',
    find: "    fsync: 'on',",
    replace: "    fsync: 'off',",
    part: 'order',
    failure: 'was told before',
  },
];
