import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dumpSchema } from './dump-schema.ts';
import { createTestDatabase, withSession } from './testing/test-database.ts';

test('[DB10] schema.sql is what the migrations make', async () => {
  await using fixture = await createTestDatabase();
  const file = await readFile(join(import.meta.dirname, 'schema.sql'), 'utf8');
  expect(await withSession(fixture.address, dumpSchema)).toBe(file);
});

test('[DB10] Every table but the installation’s own starts its keys with the tenant', async () => {
  await using fixture = await createTestDatabase();
  const { rows } = await withSession(fixture.address, (session) =>
    session.query<{ table: string; constraint: string }>(`
      select conrelid::regclass::text as "table", conname as "constraint"
      from pg_constraint
      join pg_attribute on attrelid = conrelid and attnum = conkey[1]
      where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f')
        and conrelid::regclass::text not in ('tenant', 'installation', 'migration', 'node')
        and attname <> 'tenant_id'`),
  );
  expect(rows).toEqual([]);
});

test.each([
  ['a column', 'alter table message add column colour text'],
  ['a type', 'alter table message alter column reply_to type text'],
  ['a collation', 'alter table app_user alter column name type text collate "C"'],
  ['a default', "alter table app_user alter column role set default 'guest'"],
  ['a constraint', 'alter table message add check (seq > 0)'],
  ['an index', 'create index on message (tenant_id, created_at)'],
  ['a storage option', 'alter table message set (fillfactor = 50)'],
  ['a function', 'create function one() returns integer language sql return 1'],
  ['a sequence', 'create sequence number'],
  ['a wall', 'alter table message disable row level security'],
  ['a wall for the owner', 'alter table message no force row level security'],
  ['a policy', 'alter policy app on message using (true)'],
  ['what a policy lets in', 'alter policy app on message with check (true)'],
  ['whom a policy is for', 'alter policy core on message to public'],
  ['a grant', 'grant delete on message to parley_app'],
  ['a grant on a column', 'grant select (body) on message to parley_core'],
  ['a grant to everybody', 'grant select on message to public'],
])('[DB10] %s that changed shows in the dump', async (_, statement) => {
  await using fixture = await createTestDatabase();
  const [before, after] = await withSession(fixture.address, async (session) => {
    const first = await dumpSchema(session);
    await session.query(statement);
    return [first, await dumpSchema(session)];
  });
  expect(after).not.toBe(before);
});
