import type { Client } from 'pg';
import type { DatabaseAddress } from '../db/address.ts';
import { readRecord } from '../db/migrate.ts';
import { migrationsFolder, readMigrations } from '../db/migration-files.ts';
import { openSession } from '../db/postgres/connect.ts';
import { copyIn } from '../db/postgres/copy.ts';
import { appRole } from '../db/roles.ts';
import { OperatorError } from '../operator-error.ts';
import { listed, readTables as readCatalogue, type Table } from './catalogue.ts';
import type { Progress } from './progress.ts';
import { type Backup, readTables } from './read-backup.ts';
import { renewEpoch } from './renew-epoch.ts';

interface ImportTenant {
  readonly progress?: Progress;
  /** When it is aborted this ends, with everything as it was. */
  readonly signal?: AbortSignal;
}

/**
 * Adds the tenant of a checked backup to an installation, whose server may run; one transaction.
 *
 * Rows go in as `parley_app`, told of this tenant: so row-level security itself sees to it that no
 * row is another's. The epoch is renewed, since the tenant may have been here before. Throws, having
 * changed nothing, when there is such a tenant, or schema or key differ.
 */
export async function importTenant(
  address: DatabaseAddress,
  backup: Backup,
  { progress = () => {}, signal }: ImportTenant = {},
): Promise<void> {
  const session = await openSession(address, signal);
  try {
    await session.query('begin');
    await refuseDifferent(session, backup);
    const catalogue = await readCatalogue(session, await readMigrations(migrationsFolder));
    const tables = new Map(catalogue.map((table) => [table.name, table]));
    for await (const { table, rows } of readTables(backup)) {
      const target = tables.get(table.name);
      if (target === undefined || target.tenant === null) {
        throw new OperatorError(`This installation has no table "${table.name}" for tenants.`);
      }
      progress({ doing: 'Loading', table: table.name });
      const stored = await addRows(
        session,
        backup.manifest.tenant ?? '',
        target,
        table.columns,
        rows,
      );
      if (stored !== table.rows) {
        throw new OperatorError(
          `The table "${table.name}" of the backup should have ${table.rows} rows and has ${stored}.`,
        );
      }
    }
    await renewEpoch(session);
    await session.query('commit');
  } finally {
    // Without a commit this undoes it.
    await session.end();
  }
}

async function refuseDifferent(session: Client, { manifest }: Backup): Promise<void> {
  const applied = (await readRecord(session)).map(({ name }) => name);
  if (applied.join() !== manifest.migrations.join()) {
    throw new OperatorError(
      `The tenant was exported by Parley ${manifest.server_version}, whose schema is another one. ` +
        'Bring both installations to one version, then export it again.',
    );
  }
  const { rows } = await session.query<{ key_fingerprint: Buffer | null }>(
    'select key_fingerprint from installation',
  );
  if (rows[0]?.key_fingerprint?.toString('hex') === manifest.key_fingerprint) return;
  throw new OperatorError(
    "The tenant's signing secrets were encrypted with another key than this installation's. Both " +
      'need the same PARLEY_SECRET_KEY.',
  );
}

/** COPY does not go through row-level security: rows come by way of a table of this session's own. */
async function addRows(
  session: Client,
  tenant: string,
  { path }: Table,
  columns: readonly string[],
  rows: AsyncIterable<Buffer>,
): Promise<number> {
  const list = listed(session, columns);
  await session.query(`create temporary table incoming (like ${path}) on commit drop`);
  await session.query(`grant select on incoming to ${appRole}`);
  await copyIn(session, `copy incoming (${list}) from stdin`, rows);
  await session.query(`set local role ${appRole}; set local row_security = on`);
  await session.query("select set_config('parley.tenant', $1, true)", [tenant]);
  const { rowCount } = await session
    .query(`insert into ${path} (${list}) select ${list} from incoming`)
    .catch((cause: unknown) => {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (code !== uniqueViolation) throw cause;
      throw new OperatorError(`There is a tenant "${tenant}" in this installation already.`, cause);
    });
  await session.query('set local role none; set local row_security = off');
  await session.query('drop table incoming');
  return rowCount ?? 0;
}

const uniqueViolation = '23505';
