import { setTimeout } from 'node:timers/promises';
import { type Client, DatabaseError } from 'pg';
import { OperatorError } from '../operator-error.ts';
import { type DatabaseAddress, describeAddress } from './address.ts';
import { checkWalls } from './check-walls.ts';
import { type Migration, migrationsFolder, readMigrations } from './migration-files.ts';
import { openSession } from './postgres/connect.ts';
import { keepReadersOut } from './reading-lock.ts';
import { takeRoles } from './take-roles.ts';

interface MigrateOptions {
  readonly folder?: string;
  /** Hears that the database is newer than the code, though compatible, and of waiting. */
  readonly warn?: (text: string) => void;
}

/**
 * Brings the schema up to this version of the code and answers the numbers it ran.
 *
 * Several servers may start at once: one migrates, the others wait for it. A backup that reads is
 * waited for. Each migration is one transaction. Makes the roles, which the migrations grant to.
 * Throws, having changed nothing, when the database is newer in a breaking way or was migrated by
 * other files, when nodes still run that could not work with what would be made, or when the roles
 * cannot be taken; and when what keeps tenants apart is not as it was made.
 */
export async function migrate(
  address: DatabaseAddress,
  { folder = migrationsFolder, warn = () => {} }: MigrateOptions = {},
): Promise<number[]> {
  const migrations = await readMigrations(folder);
  const attempt = () =>
    underMigrationLock(address, async (session) => {
      await createRecord(session);
      const applied = await readRecord(session);
      compare(applied, migrations, describeAddress(address), warn);
      const missing = migrations.slice(applied.length);
      await refuseToStrand(session, missing);
      if (missing.length > 0 && !(await keepReadersOut(session))) return undefined;
      await takeRoles(session);
      for (const migration of missing) await run(session, migration);
      if (migrations.some(({ name }) => name === 'walls')) await checkWalls(session);
      return missing.map(({ number }) => number);
    });
  for (let waited = false; ; waited = true) {
    const done = await attempt();
    if (done !== undefined) return done;
    if (!waited) {
      const where = describeAddress(address);
      warn(`A backup reads ${where}, which this version would change: waiting for its end.`);
    }
    // Without the lock: nodes of the version before may start meanwhile.
    await setTimeout(askEveryMs);
  }
}

const askEveryMs = 500;

/**
 * Runs `work` while no other server migrates or seeds this database; waits for its turn.
 *
 * The lock is the session's: it is free as soon as this process or its connection ends.
 */
export async function underMigrationLock<Result>(
  address: DatabaseAddress,
  work: (session: Client) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const session = await openSession(address, signal);
  try {
    await session.query('select pg_advisory_lock($1)', [migrationLock]);
    return await work(session);
  } finally {
    await session.end();
  }
}

// Any number will do as long as it stays: "parley" in ASCII.
const migrationLock = 0x7061726c6579;

/**
 * Stands in the record as number 0 while rows are moved into a database.
 *
 * No server starts on it, of whatever version: none has a migration of that number.
 */
export const moveUnderWay = 'move under way';

/** A database into which rows are being moved is no installation yet. */
export function moveUnfinished(where: string): OperatorError {
  return new OperatorError(
    `A move into ${where} is not finished. Run \`parley move --to\` again: it goes on where it was.`,
  );
}

/** A migration that a database has had. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly breaking: boolean;
  /** As in `Migration`; null also in what versions from before have recorded. */
  readonly needs: number | null;
}

/** Makes the table of the migrations that were run, where it is missing. */
export async function createRecord(session: Client): Promise<void> {
  // `if not exists` would print a notice at every start.
  const { rows } = await session.query<{ there: boolean; whole: boolean }>(
    `select to_regclass('migration') is not null as there, exists (
        select from pg_attribute where attrelid = to_regclass('migration') and attname = 'needs'
      ) as whole`,
  );
  if (rows[0]?.whole) return;
  if (rows[0]?.there) {
    await session.query('alter table migration add column needs integer');
    return;
  }
  await session
    .query(`
    create table migration (
      number integer primary key,
      name text not null,
      breaking boolean not null,
      applied_at timestamptz not null default now(),
      needs integer
    )`)
    .catch((cause: unknown) => {
      if (!(cause instanceof DatabaseError && cause.code === insufficientPrivilege)) throw cause;
      const [user, database] = [session.user, session.database].map((name) =>
        session.escapeIdentifier(name ?? ''),
      );
      throw new OperatorError(
        `The user ${user} may not make tables in the database ${database}. ` +
          `Make it the owner: alter database ${database} owner to ${user};`,
        cause,
      );
    });
}

const insufficientPrivilege = '42501';

/** The migrations that were run, in order. */
export async function readRecord(session: Client): Promise<AppliedMigration[]> {
  const { rows } = await session.query<AppliedMigration>(
    'select number, name, breaking, needs from migration order by number',
  );
  return rows;
}

function compare(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
  where: string,
  warn: (text: string) => void,
): void {
  if (applied[0]?.name === moveUnderWay) throw moveUnfinished(where);
  for (const [index, { number, name }] of applied.entries()) {
    const ours = migrations[index];
    if (number !== index + 1 || (ours !== undefined && ours.name !== name)) {
      throw new OperatorError(
        `In ${where} the migration ${number} is "${name}"; this Parley has ` +
          `${ours === undefined ? 'none there' : `"${ours.name}" as number ${ours.number}`}. ` +
          'The database belongs to another program or branch: use another database.',
      );
    }
  }
  const unknown = applied.slice(migrations.length);
  const breaking = unknown.find(
    (row) => row.breaking && (row.needs ?? row.number) > migrations.length,
  );
  if (breaking !== undefined) {
    throw new OperatorError(
      `A newer Parley has changed ${where} (migration ${breaking.number} "${breaking.name}") so that ` +
        'this version cannot work with it. Start the newer version.',
    );
  }
  if (unknown.length > 0) {
    warn(`A newer Parley has added to ${where}; this version works with it. Update it soon.`);
  }
}

/** What would break the nodes that run is not done under them: they are stopped first, or updated. */
async function refuseToStrand(session: Client, missing: readonly Migration[]): Promise<void> {
  const needs = Math.max(...missing.map((one) => one.needs ?? 0));
  if (!(needs > 0) || !(await hasNodes(session))) return;
  const { rows } = await session.query<{ place: string; version: string }>(
    `select place, version from node
      where migrations < $1 and heartbeat_at > clock_timestamp() - interval '10 s'
      order by started_at`,
    [needs],
  );
  if (rows.length === 0) return;
  const nodes = rows.map(({ place, version }) => `${place} (${version})`).join(', ');
  throw new OperatorError(
    `This Parley would change the database so that nodes which run on it could not go on: ${nodes}. ` +
      'Update them to the version between first, one after the other, or stop them all.',
  );
}

async function hasNodes(session: Client): Promise<boolean> {
  const { rows } = await session.query<{ there: boolean }>(
    "select to_regclass('node') is not null as there",
  );
  return rows[0]?.there === true;
}

async function run(session: Client, migration: Migration): Promise<void> {
  await session.query('begin');
  try {
    await applyMigration(session, migration);
    await session.query('commit');
  } catch (cause) {
    await session.query('rollback').catch(() => {});
    throw new OperatorError(
      `Migration ${migration.number} "${migration.name}" failed and was undone: ` +
        `${cause instanceof Error ? cause.message : String(cause)}.`,
      cause,
    );
  }
}

/** Runs a migration and records it, within the transaction that the session is in. */
export async function applyMigration(session: Client, migration: Migration): Promise<void> {
  await session.query(migration.sql);
  const { number, name, needs } = migration;
  await session.query(
    'insert into migration (number, name, breaking, needs) values ($1, $2, $3, $4)',
    [number, name, needs !== undefined, needs],
  );
}
