import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { superuser } from '../../packages/server/src/db/embedded/cluster.ts';
import { layoutOf } from '../../packages/server/src/db/embedded/layout.ts';
import { chooseOwner } from '../../packages/server/src/db/embedded/owner.ts';
import { socketFolderOf } from '../../packages/server/src/db/embedded/socket-folder.ts';
import { openSession } from '../../packages/server/src/db/postgres/connect.ts';

/** What PostgreSQL holds, asked over a connection of the bench's own. */
export interface Audit {
  readonly rows: number;
  /** Different message ids among the rows. */
  readonly ids: number;
  /** Conversations whose seqs are not exactly 1 to the number of their messages. */
  readonly uneven: number;
  readonly settings: Readonly<Record<string, string>>;
}

const stored = `
  select sum(messages)::integer as rows, sum(ids)::integer as ids,
    (count(*) filter (where first <> 1 or last <> messages))::integer as uneven
  from (
    select count(*) as messages, count(distinct id) as ids, min(seq) as first, max(seq) as last
    from message group by tenant_id, conversation_id
  ) as conversation`;

const settingNames = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'wal_sync_method',
  'full_page_writes',
];

/** Counts what the embedded PostgreSQL of a data folder holds, while it runs. */
export async function audit(dataDir: string): Promise<Audit> {
  const layout = layoutOf(await realpath(dataDir));
  const owner = await chooseOwner(layout.cluster, () => {});
  const session = await openSession({
    kind: 'socket',
    folder: socketFolderOf(layout, owner),
    user: superuser,
    database: 'parley',
  });
  try {
    const counts = await session.query<Omit<Audit, 'settings'>>(stored);
    const settings = await session.query<{ name: string; value: string }>(
      'select name, current_setting(name) as value from unnest($1::text[]) as name',
      [settingNames],
    );
    return {
      ...(counts.rows[0] ?? { rows: 0, ids: 0, uneven: 0 }),
      settings: Object.fromEntries(settings.rows.map(({ name, value }) => [name, value])),
    };
  } finally {
    await session.end();
  }
}

/** The process id of the embedded PostgreSQL of a data folder. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const { cluster } = layoutOf(await realpath(dataDir));
  return Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8'), 10);
}
