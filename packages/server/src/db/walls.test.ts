import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from './postgres/connect.ts';
import { roles } from './roles.ts';
import type { CoreTables } from './tables.ts';
import { createTestDatabase, type TestDatabase } from './testing/test-database.ts';

/** Tables of tenants, with the column that says whose a row is. */
const tenantTables: Readonly<Record<string, 'id' | 'tenant_id'>> = {
  api_key: 'tenant_id',
  app_user: 'tenant_id',
  audit_entry: 'tenant_id',
  block: 'tenant_id',
  conversation: 'tenant_id',
  key_source: 'tenant_id',
  member: 'tenant_id',
  message: 'tenant_id',
  signing_key: 'tenant_id',
  tenant: 'id',
};

/** Tables of the installation, which know no tenant. */
const ownTables = ['installation', 'migration', 'node'];

/** Exactly the columns of the type: one more or less does not compile. */
const coreColumns: { readonly [Table in keyof CoreTables]: Record<keyof CoreTables[Table], true> } =
  {
    installation: { only_row: true, epoch: true, key_fingerprint: true },
    tenant: { id: true, settings: true, access_version: true, suspended_at: true },
    key_source: { tenant_id: true, id: true, next_read_at: true },
    signing_key: { tenant_id: true, kid: true, registration: true },
    app_user: {
      tenant_id: true,
      id: true,
      version: true,
      deactivated_at: true,
      tokens_valid_from: true,
    },
    block: { tenant_id: true, blocker_id: true, blocked_id: true },
    conversation: {
      tenant_id: true,
      id: true,
      kind: true,
      blocked: true,
      version: true,
      last_seq: true,
      last_activity_at: true,
    },
    member: {
      tenant_id: true,
      conversation_id: true,
      user_id: true,
      joined_seq: true,
      left_at: true,
    },
    message: {
      tenant_id: true,
      conversation_id: true,
      seq: true,
      id: true,
      content_hash: true,
      created_version: true,
      created_at: true,
    },
  };

let database: TestDatabase;
let session: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  session = await openSession(database.address);
});

afterAll(async () => {
  await session.end();
  await database.drop();
});

async function column<Value>(text: string, values: unknown[] = []): Promise<Value[]> {
  const { rows } = await session.query({ text, values, rowMode: 'array' });
  return rows.map(([value]) => value);
}

describe('the catalogue', () => {
  test('[DB32] Every table is either a tenant’s or the installation’s', async () => {
    const found = await column<string>(`
      select relname::text from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'f')`);
    expect(found.sort()).toEqual([...Object.keys(tenantTables), ...ownTables].sort());
  });

  test('[DB32] No view and no function passes the policies by', async () => {
    const found = await column<string>(`
      select relname::text from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
      union all
      select proname::text from pg_proc where pronamespace = 'public'::regnamespace`);
    expect(found).toEqual([]);
  });

  test.each(Object.entries(tenantTables))(
    '[DB10] Every key and reference of %s begins with its tenant',
    async (table, tenant) => {
      const unique = await column<string>(
        `select (pg_get_indexdef(indexrelid, 1, true)) from pg_index
        where indrelid = $1::regclass and indisunique`,
        [table],
      );
      expect(unique.length).toBeGreaterThan(0);
      expect(new Set(unique)).toEqual(new Set([tenant]));
      const { rows: references } = await session.query(
        `select own.attname as own, pg_class.relname as other, other.attname as key
        from pg_constraint
        join pg_class on pg_class.oid = confrelid
        join pg_attribute as own on own.attrelid = conrelid and own.attnum = conkey[1]
        join pg_attribute as other on other.attrelid = confrelid and other.attnum = confkey[1]
        where conrelid = $1::regclass and contype = 'f'`,
        [table],
      );
      for (const { own, other, key } of references) {
        expect(own).toBe(tenant);
        expect(key).toBe(tenantTables[other]);
      }
      // Every table hangs on its tenant, if only through another.
      expect(references.length > 0).toBe(table !== 'tenant');
    },
  );

  test('[DB32] Row-level security is on and forced for every tenant table', async () => {
    const found = await column<string>(`
      select relname::text from pg_class
      where relnamespace = 'public'::regnamespace and relrowsecurity and relforcerowsecurity`);
    expect(found.sort()).toEqual(Object.keys(tenantTables).sort());
  });

  test('[DB32] Each has two policies, and no other', async () => {
    const { rows } = await session.query(`
      select tablename::text as table, policyname::text as name, permissive, roles::text[], cmd, qual,
        with_check
      from pg_policies order by tablename::text collate "C", policyname`);
    expect(rows).toEqual(
      Object.entries(tenantTables).flatMap(([table, tenant]) => {
        const own = `(${tenant} = current_setting('parley.tenant'::text, true))`;
        const each = { table, permissive: 'PERMISSIVE', cmd: 'ALL' };
        return [
          { ...each, name: 'app', roles: ['parley_app'], qual: own, with_check: own },
          { ...each, name: 'core', roles: ['parley_core'], qual: 'true', with_check: null },
        ];
      }),
    );
  });

  test('[DB33] Only the two roles are granted anything, and nothing that no policy holds back', async () => {
    const { rows } = await session.query(`
      select grantee::regrole::text as role, privilege_type as privilege
      from pg_class cross join lateral aclexplode(relacl)
      where relnamespace = 'public'::regnamespace and grantee <> relowner
      group by 1, 2 order by 1, 2`);
    const ordinary = ['DELETE', 'INSERT', 'SELECT', 'UPDATE'];
    for (const { role, privilege } of rows) {
      expect(roles).toContain(role);
      expect(ordinary).toContain(privilege);
    }
    const onWhole = rows.filter(({ role }) => role === 'parley_core');
    // Of all columns of the installation; else column by column.
    expect(onWhole).toEqual([{ role: 'parley_core', privilege: 'SELECT' }]);
  });

  test('[DB33] The role for many tenants may read exactly the columns its statements are typed with', async () => {
    const { rows } = await session.query<{ table: string; name: string }>(`
      select relname::text as table, attname::text as name
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
        and not attisdropped and has_column_privilege('parley_core', attrelid, attnum, 'select')`);
    const granted = rows.map(({ table, name }) => `${table}.${name}`);
    const typed = Object.entries(coreColumns).flatMap(([table, columns]) =>
      Object.keys(columns).map((name) => `${table}.${name}`),
    );
    expect(granted.sort()).toEqual(typed.sort());
  });

  test('[DB33] What is never taken back cannot be: no deleting of people, messages or the record', async () => {
    const kept = ['app_user', 'audit_entry', 'conversation', 'member', 'message', 'tenant'];
    for (const role of roles) {
      for (const table of Object.keys(tenantTables)) {
        const may = await column<boolean>('select has_table_privilege($1, $2, $3)', [
          role,
          table,
          'delete',
        ]);
        expect(may, `${role} ${table}`).toEqual([role === 'parley_app' && !kept.includes(table)]);
      }
      for (const privilege of ['update', 'truncate']) {
        expect(
          await column('select has_table_privilege($1, $2, $3)', [role, 'audit_entry', privilege]),
        ).toEqual([false]);
      }
    }
  });
});

describe('the connections', () => {
  test('[DB30] take their roles, which are nobody mighty and own nothing', async () => {
    const who = sql<{ role: string; mighty: boolean; owns: boolean }>`
      select current_user::text as role, rolsuper or rolbypassrls or rolcreaterole as mighty,
        exists (select from pg_class where relowner = pg_roles.oid)
          or exists (select from pg_auth_members where member = pg_roles.oid) as owns
      from pg_roles where rolname = current_user`;
    const { db } = database;
    const harmless = { mighty: false, owns: false };
    expect((await who.execute(db.of('acme').sql)).rows).toEqual([
      { role: 'parley_app', ...harmless },
    ]);
    const inTransaction = await db
      .of('acme')
      .sql.transaction()
      .execute((trx) => who.execute(trx));
    expect(inTransaction.rows).toEqual([{ role: 'parley_app', ...harmless }]);
    expect((await who.execute(db.core)).rows).toEqual([{ role: 'parley_core', ...harmless }]);
    const pipeline = await db.openPipeline();
    const role = { name: 'role', text: 'select current_user::text as role' };
    expect((await pipeline.query(role)).rows).toEqual([{ role: 'parley_core' }]);
    await pipeline.close();
  });
});

describe('two tenants', () => {
  beforeAll(async () => {
    for (const tenant of ['acme', 'other']) await fill(tenant);
  });

  /** A row in every table. */
  async function fill(tenant: string): Promise<void> {
    const { sql: all } = database;
    const tenant_id = tenant;
    const now = new Date();
    const conversation_id = randomUUID();
    await all.insertInto('tenant').values({ id: tenant, name: tenant }).execute();
    await all
      .insertInto('app_user')
      .values(['ann', 'bob'].map((id) => ({ tenant_id, id, name: `${id} of ${tenant}` })))
      .execute();
    await all
      .insertInto('api_key')
      .values({ tenant_id, id: 'key', secret_hash: Buffer.alloc(1) })
      .execute();
    await all
      .insertInto('key_source')
      .values({ tenant_id, id: 'source', url: 'https://x.test' })
      .execute();
    await all
      .insertInto('signing_key')
      .values({ tenant_id, kid: 'kid', algorithm: 'HS256', secret: Buffer.alloc(1) })
      .execute();
    await all
      .insertInto('block')
      .values({ tenant_id, blocker_id: 'ann', blocked_id: 'bob', created_at: now })
      .execute();
    await all
      .insertInto('conversation')
      .values({
        tenant_id,
        id: conversation_id,
        kind: 'group',
        member_count: 1,
        last_activity_at: now,
        created_by: 'ann',
        created_at: now,
      })
      .execute();
    await all
      .insertInto('member')
      .values({
        tenant_id,
        conversation_id,
        user_id: 'ann',
        role: 'owner',
        joined_seq: 1,
        joined_version: 1,
        me_version: 1,
        version: 1,
      })
      .execute();
    await all
      .insertInto('message')
      .values({
        tenant_id,
        conversation_id,
        seq: 1,
        id: randomUUID(),
        sender_id: 'ann',
        kind: 'text',
        body: `hello ${tenant}`,
        content_hash: Buffer.alloc(1),
        created_version: 1,
        version: 1,
        created_at: now,
      })
      .execute();
    await all
      .insertInto('audit_entry')
      .values({ tenant_id, id: randomUUID(), at: now, actor_kind: 'operator', action: 'test' })
      .execute();
  }

  describe.each(Object.entries(tenantTables))('%s', (table, tenant) => {
    const whose = sql.ref(tenant);
    const from = sql.table(table);

    test('[DB34] shows each tenant its own rows, whatever is asked', async () => {
      for (const id of ['acme', 'other']) {
        const { rows } = await sql<{ tenant: string }>`
          select ${whose} as tenant from ${from} where true or ${whose} <> ${id}`.execute(
          database.db.of(id).sql,
        );
        expect(new Set(rows.map((row) => row.tenant))).toEqual(new Set([id]));
      }
      const { rows } = await sql`select from ${from}`.execute(database.db.of('nobody').sql);
      expect(rows).toEqual([]);
    });

    test('[DB34] lets nobody change or remove rows of another tenant', async () => {
      const acme = database.db.of('acme').sql;
      const changing = [
        sql`update ${from} set ${whose} = ${whose} where ${whose} = 'other'`,
        sql`delete from ${from} where ${whose} = 'other'`,
      ];
      for (const statement of changing) {
        const done = await statement.execute(acme).catch((error: unknown) => error);
        // Not there, or not granted at all.
        const harmless = [
          expect.objectContaining({ numAffectedRows: 0n }),
          expect.objectContaining({ code: '42501' }),
        ];
        expect(harmless).toContainEqual(done);
      }
    });

    test('[DB34] lets nobody put rows into another tenant', async () => {
      const acme = database.db.of('acme').sql;
      // Its own rows, said to be the other's.
      const columns = (
        await column<string>(
          `select attname::text from pg_attribute
          where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> $2
          order by attnum`,
          [table, tenant],
        )
      ).map((name) => sql.ref(name));
      const copy = sql`
        insert into ${from} (${whose}, ${sql.join(columns)})
        select 'other', ${sql.join(columns)} from ${from}`;
      await expect(copy.execute(acme)).rejects.toThrow(/violates row-level security policy/);
      const move = sql`update ${from} set ${whose} = 'other'`;
      await expect(move.execute(acme)).rejects.toMatchObject({ code: '42501' });
    });
  });

  test.each([
    ['what people say', 'message', 'body'],
    ['who said it', 'message', 'sender_id'],
    ['addresses of people', 'app_user', 'email'],
    ['names of people', 'app_user', 'name'],
    ['secrets that sign', 'signing_key', 'secret'],
    ['public keys', 'signing_key', 'public_key'],
    ['hashes of API keys', 'api_key', 'secret_hash'],
    ['the record of acts', 'audit_entry', 'action'],
    ['names of conversations', 'conversation', 'name'],
    ['names of tenants', 'tenant', 'name'],
    ['addresses of keys', 'key_source', 'url'],
  ])('[DB33] The role for many tenants cannot read %s', async (_, table, name) => {
    const read = sql`select ${sql.ref(name)} from ${sql.table(table)}`;
    await expect(read.execute(database.db.core)).rejects.toMatchObject({ code: '42501' });
    const pipeline = await database.db.openPipeline();
    const text = `select ${name} from ${table}`;
    await expect(pipeline.query({ name: 'read', text })).rejects.toMatchObject({ code: '42501' });
    await pipeline.close();
  });

  test.each([
    "update app_user set name = 'x'",
    "update member set role = 'owner'",
    "update message set body = 'x'",
    "update conversation set name = 'x'",
    'update tenant set suspended_at = null',
    'delete from message',
    'delete from block',
    'delete from signing_key',
    "insert into tenant (id, name) values ('x', 'x')",
    "insert into member (tenant_id, user_id) values ('acme', 'bob')",
    "insert into message (tenant_id, deleted_at) values ('acme', now())",
    'truncate message',
  ])('[DB33] The role for many tenants may not: %s', async (text) => {
    await expect(sql.raw(text).execute(database.db.core)).rejects.toMatchObject({ code: '42501' });
  });
});
