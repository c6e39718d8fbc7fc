import type { Client } from 'pg';
import { type DatabaseAddress, describeAddress } from '../db/address.ts';
import { checkWalls } from '../db/check-walls.ts';
import {
  applyMigration,
  createRecord,
  moveUnderWay,
  readRecord,
  underMigrationLock,
} from '../db/migrate.ts';
import { type Migration, migrationsFolder, readMigrations } from '../db/migration-files.ts';
import { openSession } from '../db/postgres/connect.ts';
import { copyIn } from '../db/postgres/copy.ts';
import { coreRole } from '../db/roles.ts';
import { takeRoles } from '../db/take-roles.ts';
import { OperatorError } from '../operator-error.ts';
import {
  listed,
  migrationTable,
  readTables as readCatalogue,
  type Table,
  tablesMadeBy,
} from './catalogue.ts';
import type { TableInBackup } from './manifest.ts';
import type { Progress } from './progress.ts';
import { type Backup, readTables } from './read-backup.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import { renewEpoch } from './renew-epoch.ts';
import { setAside } from './set-aside.ts';

interface RestoreBackup {
  /** Drop what the database holds. */
  readonly replace?: boolean;
  readonly folder?: string;
  readonly progress?: Progress;
  /** When it is aborted this ends, with everything as it was. */
  readonly signal?: AbortSignal;
}

/**
 * Puts a checked backup into a database, under a new epoch, and brings it up to this version.
 *
 * One transaction: whatever happens in the middle, the database is as it was before. Take the node
 * lock before, so that no server runs on it. Throws, having changed nothing, when the database holds
 * something and `replace` is not set, and when the backup is of a newer version.
 */
export async function restoreBackup(
  address: DatabaseAddress,
  backup: Backup,
  { replace = false, folder = migrationsFolder, progress = () => {}, signal }: RestoreBackup = {},
): Promise<{ readonly epoch: string }> {
  const migrations = await readMigrations(folder);
  const { manifest } = backup;
  refuseUnknown(manifest.migrations, migrations, manifest.server_version);
  const work = async (session: Client) => {
    if (!replace) await refuseFull(session, describeAddress(address));
    await takeRoles(session);
    await session.query('begin');
    try {
      // For building indexes.
      await session.query("set local maintenance_work_mem = '128MB'");
      await dropTables(session, migrations);
      const level = manifest.migrations.length;
      await createRecord(session);
      await runAll(session, migrations.slice(0, level));
      await load(session, backup, migrations.slice(0, level), progress);
      await runAll(session, migrations.slice(level));
      await checkWalls(session);
      const { now } = await renewEpoch(session);
      await session.query('commit');
      await gatherStatistics(session);
      return { epoch: now };
    } catch (error) {
      await session.query('rollback').catch(() => {});
      throw error;
    }
  };
  return underMigrationLock(address, work, signal);
}

/**
 * Gathers statistics, without which the first plans would be guesses.
 *
 * All is done by now: that it fails (a full disk, somebody else's index) is not to say otherwise, and
 * PostgreSQL makes up for it by itself.
 */
export async function gatherStatistics(session: Client): Promise<void> {
  await session.query('analyze').catch(() => {});
}

/** Refuses a database that holds an installation. */
export async function refuseInstallation(address: DatabaseAddress): Promise<void> {
  const session = await openSession(address);
  try {
    await refuseFull(session, describeAddress(address));
  } finally {
    await session.end();
  }
}

/** Refuses a database that holds an installation; `mend` says what to do then. */
export async function refuseFull(
  session: Client,
  where: string,
  mend = 'Restore into an empty one, or run this with --replace to drop what is there.',
): Promise<void> {
  if (!(await isThere(session, 'tenant'))) return;
  await session.query('begin');
  const applied = await readRecord(session);
  // The owner may be held back from rows; this role sees which tenants there are.
  if (applied.some(({ name }) => name === 'walls')) {
    await session.query(`set local role ${coreRole}; set local row_security = on`);
  }
  const { rows } = await session.query<{ full: boolean }>(
    'select exists (select id from tenant) as full',
  );
  await session.query('rollback');
  if (!rows[0]?.full) return;
  throw new OperatorError(`${describe(where)} holds an installation already. ${mend}`);
}

function describe(where: string): string {
  return where.charAt(0).toUpperCase() + where.slice(1);
}

async function isThere(session: Client, table: string): Promise<boolean> {
  const { rows } = await session.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [table],
  );
  return rows[0]?.there === true;
}

/** Drops our tables, and nothing that somebody else keeps in this database. */
export async function dropTables(session: Client, migrations: readonly Migration[]): Promise<void> {
  if (!(await isThere(session, migrationTable))) return;
  const record = await readRecord(session);
  const applied = record.filter(({ name }) => name !== moveUnderWay);
  const strange = applied.find(({ name }, index) => migrations[index]?.name !== name);
  if (strange !== undefined) {
    throw new OperatorError(
      `Another or a newer Parley made this database (its migration ${strange.number} is ` +
        `"${strange.name}"). Restore with that version, or into an empty database.`,
    );
  }
  const made = tablesMadeBy(migrations.slice(0, applied.length));
  const { rows } = await session.query<{ path: string }>(
    `select oid::regclass::text as path from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
      and relname = any($1)`,
    [[...made, migrationTable, 'parley_move']],
  );
  await session.query(`drop table ${rows.map(({ path }) => path).join(', ')}`);
}

async function runAll(session: Client, migrations: readonly Migration[]): Promise<void> {
  for (const migration of migrations) {
    await applyMigration(session, migration).catch((cause: unknown) => {
      throw new OperatorError(
        `Migration ${migration.number} "${migration.name}" failed, and nothing was changed: ` +
          `${cause instanceof Error ? cause.message : String(cause)}.`,
        cause,
      );
    });
  }
}

async function load(
  session: Client,
  backup: Backup,
  migrations: readonly Migration[],
  progress: Progress,
): Promise<void> {
  const catalogue = await readCatalogue(session, migrations);
  const tables = new Map(catalogue.map((table) => [table.name, table]));
  const aside = await setAside(session, [...tables.keys()]);
  // Some migrations fill tables; all of their rows are in the backup.
  for (const { path } of tables.values()) await session.query(`delete from ${path}`);
  for await (const { table, rows } of readTables(backup)) {
    const target = tables.get(table.name);
    if (target === undefined || !isSameTable(target, table)) {
      throw new OperatorError(
        `The table "${table.name}" of the backup is not the one that its migrations make.`,
      );
    }
    tables.delete(table.name);
    await loadTable(session, target, table, watched(rows, table.name, progress));
  }
  const [left] = tables.keys();
  if (left !== undefined) {
    throw new OperatorError(`The backup lacks the table "${left}".`);
  }
  progress({ doing: 'Building indexes' });
  for (const statement of aside.undo) await session.query(statement);
}

function isSameTable(target: Table, table: TableInBackup): boolean {
  return target.columns.toSorted().join() === table.columns.toSorted().join();
}

async function loadTable(
  session: Client,
  { path }: Table,
  { name, columns, rows: expected }: TableInBackup,
  rows: AsyncIterable<Buffer>,
): Promise<void> {
  const loaded = await copyIn(
    session,
    `copy ${path} (${listed(session, columns)}) from stdin`,
    rows,
  );
  if (loaded !== expected) {
    throw new OperatorError(
      `The table "${name}" of the backup should have ${expected} rows and has ${loaded}.`,
    );
  }
}

async function* watched(
  rows: AsyncIterable<Buffer>,
  table: string,
  progress: Progress,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of rows) {
    bytes += piece.length;
    progress({ doing: 'Loading', table, bytes });
    yield piece;
  }
}
