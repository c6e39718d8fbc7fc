import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.ts';
import { clientConfig } from './connect.ts';
import { runStatement, tenantStatement } from './tenant-statement.ts';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
  client = new Client(clientConfig(database.address, 'app'));
  await client.connect();
  await client.query({ ...tenantStatement, values: [''] });
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Whom the connection believes to serve, and whom it sees, without being told. */
async function left(): Promise<unknown> {
  const { rows } = await runStatement(client, {
    text: `select coalesce(current_setting('parley.tenant', true), '') as tenant,
      (select count(*)::int from tenant) as seen`,
    values: [],
  });
  return rows[0];
}

const nothing = { tenant: '', seen: 0 };
const ahead = { tenant: 'acme' };

test('[DB34] Without a tenant there are no rows, from the first moment of a connection on', async () => {
  const fresh = new Client(clientConfig(database.address, 'app'));
  await fresh.connect();
  const { rows } = await fresh.query('select current_setting($1, true) as tenant', [
    'parley.tenant',
  ]);
  const seen = await fresh.query('select from tenant');
  await fresh.end();
  expect(rows).toEqual([{ tenant: null }]);
  expect(seen.rowCount).toBe(0);
});

test('[DB35] The tenant is forgotten with the answer', async () => {
  const { rows, command } = await runStatement(client, {
    text: 'select id from tenant where id <> $1',
    values: ['x'],
    ahead,
  });
  expect({ rows, command }).toEqual({ rows: [{ id: 'acme' }], command: 'SELECT' });
  expect(await left()).toEqual(nothing);
});

test.each([
  ['fails', 'select 1 / $1::integer', [0]],
  ['does not parse', 'selec', []],
  ['gets a value that PostgreSQL refuses', 'select $1::text', ['\u0000']],
  ['fails after some rows', 'select 1 / (3 - n) from generate_series(1, 5) as n', []],
])('[DB35] The tenant is forgotten when the statement %s', async (_, text, values) => {
  await expect(runStatement(client, { text, values, ahead })).rejects.toThrow();
  expect(await left()).toEqual(nothing);
});

test('[DB35] The tenant is forgotten when the value cannot even be sent', async () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const sent = runStatement(client, { text: 'select $1::json', values: [circular], ahead });
  await expect(sent).rejects.toThrow(/circular/);
  expect(await left()).toEqual(nothing);
});

test.each(['commit', 'rollback'])('[DB35] The tenant is forgotten at %s', async (end) => {
  const begun = { ...ahead, begin: 'begin' };
  await runStatement(client, { text: 'select 1', values: [], ahead: begun });
  expect(await left()).toEqual({ tenant: 'acme', seen: 1 });
  await client.query(end);
  expect(await left()).toEqual(nothing);
});

test('Rows of a statement are its own, with types as everywhere', async () => {
  const { rows } = await runStatement(client, {
    text: 'select 9007199254740991::bigint as big, null as none, $1::timestamptz as at, 1 as big2',
    values: [new Date(0)],
    ahead,
  });
  expect(rows).toEqual([{ big: 9007199254740991, none: null, at: new Date(0), big2: 1 }]);
  const none = await runStatement(client, { text: 'select 1 where false', values: [], ahead });
  expect(none).toMatchObject({ rows: [], rowCount: 0 });
});
