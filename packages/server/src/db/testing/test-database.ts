import { randomBytes } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import { type Client, Pool } from 'pg';
import { inject } from 'vitest';
import { type DatabaseAddress, inDatabase } from '../address.ts';
import type { Database } from '../database.ts';
import { clientConfig, openSession } from '../postgres/connect.ts';
import { openDatabase } from '../postgres/open-database.ts';
import type { Tables } from '../tables.ts';

/** A migrated, empty database of the test's own: `await using test = await createTestDatabase()`. */
export interface TestDatabase extends AsyncDisposable {
  readonly db: Database;
  /** Everything, as the owner of the tables: for what a test sets up and looks at. */
  readonly sql: Kysely<Tables>;
  /** For a second opening, another process, or a session with statements of its own. */
  readonly address: DatabaseAddress;
  /** Closes `db` and removes the database. Fails when a connection to it was left open. */
  drop(): Promise<void>;
}

/** Clones the template. Tests of many files may do so at once. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const address = await createDatabase('parley_template');
  const db = await openDatabase(address);
  const pool = new Pool({ ...clientConfig(address, 'session'), max: 4 });
  // What cuts every connection of the database cuts these too; the next use opens others.
  pool.on('error', () => {});
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const drop = async () => {
    await db.close();
    await sql.destroy();
    await dropDatabase(address);
  };
  return { db, sql, address, drop, [Symbol.asyncDispose]: drop };
}

/** A database without any table, for tests of what fills it. */
export async function createEmptyDatabase(): Promise<
  AsyncDisposable & { readonly address: DatabaseAddress }
> {
  const address = await createDatabase('template1');
  return { address, [Symbol.asyncDispose]: () => dropDatabase(address) };
}

/** Runs statements in a session of its own, which is closed at the end. */
export async function withSession<Result>(
  address: DatabaseAddress,
  work: (session: Client) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(address);
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

async function createDatabase(template: string): Promise<DatabaseAddress> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const server = inject('templateDatabase');
  await withSession(inDatabase(server, 'postgres'), (session) =>
    session.query(`create database ${name} template ${template} strategy file_copy`),
  );
  return inDatabase(server, name);
}

async function dropDatabase(address: DatabaseAddress): Promise<void> {
  if (address.kind !== 'socket') throw new Error('Not a test database.');
  const { database } = address;
  await withSession(inDatabase(address, 'postgres'), async (session) => {
    await refuseLeak(session, database);
    await session.query(`drop database ${session.escapeIdentifier(database)}`);
  });
}

/** PostgreSQL would wait 5 s for connections to go, and not tell whose they are. */
async function refuseLeak(session: Client, database: string): Promise<void> {
  const until = Date.now() + 1_000;
  for (;;) {
    const { rows } = await session.query<{ open: string }>(
      `select application_name || ': ' || query as open from pg_stat_activity
      where datname = $1 and backend_type = 'client backend'`,
      [database],
    );
    if (rows.length === 0) return;
    if (Date.now() > until) {
      const list = rows.map(({ open }) => open).join('\n');
      throw new Error(`The test left connections to its database open:\n${list}`);
    }
  }
}
