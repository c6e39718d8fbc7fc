import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import { failureKind } from '../failure.ts';
import type { Tables } from '../tables.ts';
import { openMuteProxy } from '../testing/mute-proxy.ts';
import { createTestDatabase, type TestDatabase, withSession } from '../testing/test-database.ts';
import { openDatabase } from './open-database.ts';

let database: TestDatabase;
/** With one connection for all: what one user leaves behind, the next one finds. */
let narrow: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  narrow = await openDatabase(database.address, { poolSize: 1 });
  for (const id of ['acme', 'other']) {
    await database.sql.insertInto('tenant').values({ id, name: id }).execute();
  }
});

afterAll(async () => {
  await narrow.close();
  await database.drop();
});

async function names(db: Kysely<Tables>): Promise<string[]> {
  return (await db.selectFrom('app_user').select('id').orderBy('id').execute()).map(({ id }) => id);
}

function person(id: string, tenant = 'acme') {
  return { tenant_id: tenant, id, name: id };
}

async function turnsOf(work: (db: Kysely<Tables>) => Promise<unknown>): Promise<number> {
  await using proxy = await openMuteProxy(database.address);
  const db = await openDatabase(proxy.address, { poolSize: 1 });
  const acme = db.of('acme').sql;
  // The connection is there.
  await sql`select 1`.execute(acme);
  const before = proxy.turns();
  await work(acme);
  const turns = proxy.turns() - before;
  await db.close();
  return turns;
}

test('[DB36] A lone statement is one round trip, and a transaction one per statement and one to end', async () => {
  const read = (db: Kysely<Tables>) => db.selectFrom('app_user').select('id').execute();
  expect(await turnsOf(read)).toBe(1);
  expect(
    await turnsOf((db) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (trx) => {
          await read(trx);
          await read(trx);
        }),
    ),
  ).toBe(3);
  expect(await turnsOf((db) => db.transaction().execute(async () => {}))).toBe(0);
});

test('A transaction is what it is asked to be', async () => {
  const { sql: acme } = narrow.of('acme');
  const asked = await acme
    .transaction()
    .setIsolationLevel('serializable')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const { rows } = await sql<{ level: string; readonly: string; tenant: string }>`
        select current_setting('transaction_isolation') as level,
          current_setting('transaction_read_only') as readonly,
          current_setting('parley.tenant') as tenant`.execute(trx);
      return rows;
    });
  expect(asked).toEqual([{ level: 'serializable', readonly: 'on', tenant: 'acme' }]);
  const { rows } = await sql<{ level: string; readonly: string }>`
    select current_setting('transaction_isolation') as level,
      current_setting('transaction_read_only') as readonly`.execute(acme);
  expect(rows).toEqual([{ level: 'read committed', readonly: 'off' }]);
});

test('What a transaction did is there when it ended well, and not when it failed', async () => {
  const { sql: acme } = narrow.of('acme');
  await acme.transaction().execute(async (trx) => {
    await trx.insertInto('app_user').values(person('ann')).execute();
    await trx.insertInto('app_user').values(person('bob')).execute();
  });
  const failed = acme.transaction().execute(async (trx) => {
    await trx.insertInto('app_user').values(person('cat')).execute();
    throw new Error('changed my mind');
  });
  await expect(failed).rejects.toThrow('changed my mind');
  expect(await names(acme)).toEqual(['ann', 'bob']);
});

test('[DB36] A commit after a swallowed failure is an error, not a silent loss', async () => {
  const { sql: acme } = narrow.of('acme');
  const swallowed = acme.transaction().execute(async (trx) => {
    await trx.insertInto('app_user').values(person('dan')).execute();
    await sql`select 1 / 0`.execute(trx).catch(() => {});
  });
  await expect(swallowed).rejects.toThrow(/rolled back/i);
  expect(await names(acme)).not.toContain('dan');
});

test('[DB36] A lone statement that fails when it commits fails', async () => {
  await withSession(database.address, (session) =>
    session.query(`
      create table late (id integer unique deferrable initially deferred);
      grant insert, select on late to parley_app`),
  );
  const { sql: acme } = narrow.of('acme');
  const twice = sql`insert into late values (1), (1)`.execute(acme);
  const error = await twice.catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: '23505' });
  expect((await sql`select from late`.execute(acme)).rows).toEqual([]);
  await sql`insert into late values (1)`.execute(acme);
  const trx = acme.transaction().execute((open) => sql`insert into late values (1)`.execute(open));
  await expect(trx).rejects.toMatchObject({ code: '23505' });
  expect((await sql`select id from late`.execute(acme)).rows).toEqual([{ id: 1 }]);
  await withSession(database.address, (session) => session.query('drop table late'));
});

test('Counts and rows of what changed come back', async () => {
  const { sql: acme } = narrow.of('acme');
  const made = await acme
    .insertInto('app_user')
    .values([person('eve'), person('fay')])
    .returning('id')
    .execute();
  expect(made).toEqual([{ id: 'eve' }, { id: 'fay' }]);
  const changed = await acme
    .updateTable('app_user')
    .set({ name: 'Someone' })
    .where('id', 'in', ['eve', 'fay', 'nobody'])
    .executeTakeFirst();
  expect(changed.numUpdatedRows).toBe(2n);
});

test('[DB36] Failures are told apart as ever, and the connection goes on', async () => {
  const { sql: acme } = narrow.of('acme');
  const kindOf = async (work: Promise<unknown>) =>
    failureKind(await work.catch((caught: unknown) => caught));
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const add = acme.insertInto('app_user').values(person('gus'));
  await add.execute();
  expect(await kindOf(add.execute())).toBe('data');
  expect(await kindOf(sql`select 'x'::integer`.execute(acme))).toBe('data');
  expect(await kindOf(sql`select nonsense`.execute(acme))).toBe('defect');
  expect(await kindOf(sql`select ${circular}::json`.execute(acme))).toBe('defect');
  expect(await kindOf(sql`select 1; select 2`.execute(acme))).toBe('defect');
  expect(
    await kindOf(
      acme.transaction().execute(async (trx) => {
        await sql`set local statement_timeout = '20ms'`.execute(trx);
        await sql`select pg_sleep(5)`.execute(trx);
      }),
    ),
  ).toBe('contended');
  expect(await names(acme)).toContain('gus');
});

test('[DB35] A statement that opens a transaction is refused, and its connection not lent again', async () => {
  const { sql: acme } = narrow.of('acme');
  const pid = sql<{ pid: number }>`select pg_backend_pid() as pid`;
  const before = await pid.execute(acme);
  await expect(sql`begin`.execute(acme)).rejects.toThrow(/left a transaction open/);
  const after = await pid.execute(narrow.of('other').sql);
  expect(after.rows).not.toEqual(before.rows);
});

test('[DB35] A connection that is cut in a transaction is replaced, by one that knows nothing of it', async () => {
  const { sql: acme } = narrow.of('acme');
  const cut = acme.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    await withSession(database.address, (session) =>
      session.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]),
    );
    await names(trx);
  });
  expect(failureKind(await cut.catch((error: unknown) => error))).toBe('unavailable');
  expect(await names(narrow.of('other').sql)).toEqual([]);
});

test('[DB4] What comes right after a connection was cut gets another one', async () => {
  const { sql: acme } = narrow.of('acme');
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(acme);
  const sleeping = sql`select pg_sleep(30)`.execute(acme).catch((error: unknown) => error);
  const cut = sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.sql);
  expect(failureKind(await sleeping)).toBe('unavailable');
  expect(await names(acme)).toContain('ann');
  await cut;
});

test('[DB35] Two tenants on two connections never meet, whatever fails between them', async () => {
  const shared = await openDatabase(database.address, { poolSize: 2 });
  for (const tenant of ['acme', 'other']) {
    const rows = Array.from({ length: 5 }, (_, n) => person(`${tenant}-${n}`, tenant));
    await database.sql.insertInto('app_user').values(rows).execute();
  }
  const all = (db: Kysely<Tables>) => db.selectFrom('app_user').select(['tenant_id', 'id']);
  const seen = new Map<string, Set<string>>();
  const look = async (tenant: string, db: Kysely<Tables>) => {
    const rows = await all(db).execute();
    expect(rows.length).toBeGreaterThanOrEqual(5);
    const found = seen.get(tenant) ?? new Set();
    for (const row of rows) found.add(row.tenant_id);
    seen.set(tenant, found);
  };
  const acts: ((tenant: string, db: Kysely<Tables>) => Promise<unknown>)[] = [
    look,
    (tenant, db) => db.transaction().execute((trx) => look(tenant, trx)),
    (_, db) => sql`select 1 / 0`.execute(db),
    (tenant, db) =>
      db.transaction().execute(async (trx) => {
        await look(tenant, trx);
        throw new Error('given up');
      }),
    (tenant, db) =>
      db.transaction().execute(async (trx) => {
        await sql`select 1 / 0`.execute(trx).catch(() => {});
        await look(tenant, trx);
      }),
    (tenant, db) =>
      db.transaction().execute(async (trx) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
        await sql`select pg_terminate_backend(${rows[0]?.pid}, 5000)`.execute(database.sql);
        await look(tenant, trx);
      }),
  ];
  let failed = 0;
  await Promise.all(
    ['acme', 'other', 'acme', 'other'].map(async (tenant, person) => {
      for (let round = 0; round < 120; round += 1) {
        const act = acts[(round * 7 + person * 5) % (round % 10 === 0 ? 6 : 5)];
        await act?.(tenant, shared.of(tenant).sql).catch(() => {
          failed += 1;
        });
      }
    }),
  );
  await shared.close();
  expect(failed).toBeGreaterThan(100);
  expect(seen).toEqual(
    new Map([
      ['acme', new Set(['acme'])],
      ['other', new Set(['other'])],
    ]),
  );
});
