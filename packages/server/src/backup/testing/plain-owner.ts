import { randomBytes } from 'node:crypto';
import { type DatabaseAddress, inDatabase } from '../../db/address.ts';
import type { SystemPostgres } from '../../db/testing/system-postgres.ts';
import { withSession } from '../../db/testing/test-database.ts';

/** An empty database as providers give it out: its owner is no superuser and passes no policy. */
export async function createOwnedDatabase(postgres: SystemPostgres): Promise<DatabaseAddress> {
  const name = `owned_${randomBytes(6).toString('hex')}`;
  const password = 'owner';
  await withSession({ kind: 'url', url: postgres.url }, async (session) => {
    await session.query(`
      do $$ begin
        if not exists (select from pg_roles where rolname = 'plain_owner') then
          create role plain_owner login password '${password}';
          create role parley_app; create role parley_core;
          grant parley_app, parley_core to plain_owner;
        end if;
      end $$`);
    await session.query(`create database ${name} owner plain_owner`);
  });
  const url = new URL(postgres.url);
  [url.username, url.password] = ['plain_owner', password];
  return inDatabase({ kind: 'url', url: url.href }, name);
}
