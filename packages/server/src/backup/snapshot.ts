import type { Client } from 'pg';
import { type Migration, migrationsFolder, readMigrations } from '../db/migration-files.ts';
import { copyOut } from '../db/postgres/copy.ts';
import { announceReading } from '../db/reading-lock.ts';
import { appRole, coreRole } from '../db/roles.ts';
import { OperatorError } from '../operator-error.ts';
import { migrationTable, readTables, type Table } from './catalogue.ts';
import { copyText, findKey, type Key, type Range } from './ranges.ts';
import { refuseUnknown } from './refuse-unknown.ts';

/** An installation, or one tenant, as it was at one moment; writing goes on meanwhile. */
export interface Snapshot {
  /** Each after those that it refers to. */
  readonly tables: readonly Table[];
  readonly takenAt: Date;
  /** Names of the migrations that made the schema, in order. */
  readonly migrations: readonly string[];
  readonly epoch: string;
  readonly keyFingerprint: Buffer | null;
  /** A table's rows as text of `copy`, in the order of their key; returns how many. */
  rows(table: Table): AsyncGenerator<Buffer, number>;
  /** A table in pieces of at most `size` rows that lie next to each other, from the first to the last. */
  ranges(table: Table, size: number): AsyncGenerator<Range, void>;
  /** The rows of one of these pieces, in order. */
  rowsIn(table: Table, range: Range): AsyncGenerator<Buffer, number>;
}

/**
 * Opens a snapshot in this session, which is used up by it: end it afterwards.
 *
 * Row-level security binds the owner of the tables too, unless that is a superuser. So where the
 * owner does not see everything, the rows are read as the server reads them: as `parley_app`, one
 * tenant after the other. No policy and no lock is touched for it.
 */
export async function openSnapshot(
  session: Client,
  { tenant, folder = migrationsFolder }: SnapshotOptions = {},
): Promise<Snapshot> {
  const migrations = await readMigrations(folder);
  await announceReading(session);
  await session.query('begin isolation level repeatable read, read only');
  await lockTables(session, migrations);
  await session.query("set local work_mem = '32MB'");
  // Dates and the like come as clientConfig says; this one it leaves alone.
  await session.query("set local bytea_output = 'hex'");
  const { rows: found } = await session.query<Found>(`
    select now() as taken_at, epoch, key_fingerprint,
      (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as sees_all,
      array(select name from migration order by number) as migrations
    from installation`);
  const [head] = found;
  if (head === undefined) throw new OperatorError('The database has lost its row `installation`.');
  refuseUnknown(head.migrations, migrations);
  const tables = await readTables(session, migrations);
  const tenants = await readTenants(session, head.sees_all, tenant);
  const viewsOf = (table: Table): readonly View[] => (table.tenant === null ? ['all'] : tenants);
  return {
    tables: tenant === undefined ? tables : tables.filter((table) => table.tenant !== null),
    takenAt: head.taken_at,
    migrations: head.migrations,
    epoch: head.epoch,
    keyFingerprint: head.key_fingerprint,
    async *rows(table) {
      let count = 0;
      for (const view of viewsOf(table)) {
        await lookAs(session, view);
        count += yield* copyOut(session, copyText(session, table));
      }
      await lookAs(session, 'all');
      return count;
    },
    async *ranges(table, size) {
      for (const view of viewsOf(table)) {
        let after: Key | undefined;
        do {
          await lookAs(session, view);
          const upTo: Key | undefined = await findKey(session, table, after, size);
          await lookAs(session, 'all');
          yield { after, upTo, tenant: view === 'all' ? undefined : view.tenant };
          after = upTo;
        } while (after !== undefined);
      }
    },
    async *rowsIn(table, range) {
      await lookAs(session, range.tenant === undefined ? 'all' : { tenant: range.tenant });
      const count = yield* copyOut(session, copyText(session, table, range));
      await lookAs(session, 'all');
      return count;
    },
  };
}

interface SnapshotOptions {
  /** Only this tenant. */
  readonly tenant?: string | undefined;
  /** The migrations of this version. */
  readonly folder?: string;
}

interface Found {
  readonly taken_at: Date;
  readonly epoch: string;
  readonly key_fingerprint: Buffer | null;
  readonly sees_all: boolean;
  readonly migrations: readonly string[];
}

/** Whose rows are to be read. */
type View = 'all' | { readonly tenant: string };

/** Before the snapshot begins, so that no migration changes the tables under it. */
async function lockTables(session: Client, migrations: readonly Migration[]): Promise<void> {
  const { rows } = await session.query<{ there: boolean }>(
    "select to_regclass('migration') is not null as there",
  );
  if (!rows[0]?.there) throw new OperatorError('This database holds nothing of Parley.');
  const tables = await readTables(session, migrations);
  const paths = [...tables.map(({ path }) => path), migrationTable];
  await session.query('rollback');
  await session.query('begin isolation level repeatable read, read only');
  await session.query(`lock table ${paths.join(', ')} in access share mode`);
}

async function readTenants(
  session: Client,
  seesAll: boolean,
  tenant: string | undefined,
): Promise<readonly View[]> {
  if (tenant === undefined && seesAll) return ['all'];
  await session.query(`set local role ${coreRole}; set local row_security = on`);
  const { rows } = await session.query<{ tenant: string }>(
    'select id as tenant from tenant where id = coalesce($1, id) order by id',
    [tenant],
  );
  await lookAs(session, 'all');
  if (tenant !== undefined && rows.length === 0) {
    throw new OperatorError(`There is no tenant "${tenant}" in this installation.`);
  }
  return rows;
}

async function lookAs(session: Client, view: View): Promise<void> {
  if (view === 'all') {
    await session.query('set local role none; set local row_security = off');
    return;
  }
  await session.query(`set local role ${appRole}; set local row_security = on`);
  await session.query("select set_config('parley.tenant', $1, true)", [view.tenant]);
}
