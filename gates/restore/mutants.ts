import type { Mutant } from '../kit/mutant.ts';

const backup = 'packages/server/src/backup';

/** Bugs that `restore` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'many-moments',
    bug: 'each table of a backup is of another moment',
    file: `${backup}/snapshot.ts`,
    find: 'count += yield* copyOut(session, copyText(session, table));',
    replace:
      "await session.query('commit; begin'); await session.query('select pg_sleep(0.1)'); count += yield* copyOut(session, copyText(session, table));",
    part: 'live',
    failure: 'torn apart: ',
  },
  {
    id: 'old-epoch',
    bug: 'a restored database goes by the old epoch',
    file: `${backup}/renew-epoch.ts`,
    find: 'set epoch = gen_random_uuid()::text from old',
    replace: 'set epoch = old.epoch from old',
    part: 'live',
    failure: 'the epoch is another one afterwards',
  },
  {
    id: 'no-lock',
    bug: 'a backup is restored under a running server',
    file: 'packages/server/src/cli/open-installation.ts',
    find: 'if (holders === undefined) return session;',
    replace: 'if (holders !== null) return session;',
    part: 'live',
    failure: 'restoring under a running server is refused',
  },
  {
    id: 'no-seal',
    bug: 'the checksum of a backup is not compared',
    file: `${backup}/read-backup.ts`,
    find: 'isSealed = name === sealName && content',
    replace: 'isSealed = name === sealName || content',
    part: 'damaged',
    failure: 'was taken for a good one',
  },
  {
    id: 'half-restored',
    bug: 'what is dropped is dropped before the rest is there',
    file: `${backup}/restore-backup.ts`,
    find: 'await dropTables(session, migrations);\n',
    replace:
      "await dropTables(session, migrations);\n      await session.query('commit; begin');\n",
    part: 'killed',
    failure: 'killed in the middle',
  },
  {
    id: 'all-tenants',
    bug: 'the export of one tenant holds those of others',
    file: `${backup}/snapshot.ts`,
    find: "'select id as tenant from tenant where id = coalesce($1, id) order by id'",
    replace: "'select id as tenant from tenant where id >= coalesce($1, id) or true order by id'",
    part: 'one tenant',
    failure: 'ended with 1',
  },
];
