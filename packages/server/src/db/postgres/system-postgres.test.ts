import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../config/config.ts';
import type { DatabaseAddress } from '../address.ts';
import { dumpSchema } from '../dump-schema.ts';
import { migrate } from '../migrate.ts';
import { type SystemPostgres, startSystemPostgres } from '../testing/system-postgres.ts';
import { withSession } from '../testing/test-database.ts';
import { openDatabase } from './open-database.ts';

let postgres: SystemPostgres;

beforeAll(async () => {
  postgres = await startSystemPostgres();
});

afterAll(() => postgres[Symbol.asyncDispose]());

test('[DB21] DATABASE_URL with a password serves the same schema and statements', async () => {
  const { config } = readConfig({ DATABASE_URL: postgres.url });
  const address: DatabaseAddress = { kind: 'url', url: config.databaseUrl?.reveal() ?? '' };
  await migrate(address);
  const db = await openDatabase(address);
  await db.of('acme').sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
  const pipeline = await db.openPipeline();
  const { rows } = await pipeline.query({ name: 'ids', text: 'select id from tenant' });
  expect(rows).toEqual([{ id: 'acme' }]);
  const version = await sql<{ version: string }>`select version()`.execute(db.core);
  expect(version.rows[0]?.version).toMatch(/^PostgreSQL /);
  await db.close();
});

test('[DB21] The schema is the same on this PostgreSQL as on the embedded one', async () => {
  const address: DatabaseAddress = { kind: 'url', url: postgres.url };
  await migrate(address);
  const embedded = await readFile(join(import.meta.dirname, '..', 'schema.sql'), 'utf8');
  expect(await withSession(address, dumpSchema)).toBe(embedded);
});

test('[DB5] A wrong password is told apart, without the password', async () => {
  const wrong = postgres.url.replace(encodeURIComponent(postgres.password), 'hunter2');
  const error = await openDatabase({ kind: 'url', url: wrong }).catch((caught: unknown) => caught);
  expect(String(error)).toContain('password authentication failed');
  expect(String(error)).not.toContain('hunter2');
});
