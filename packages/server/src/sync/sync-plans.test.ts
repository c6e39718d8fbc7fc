import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfig } from '../db/postgres/connect.ts';
import type { Tables } from '../db/tables.ts';
import { parsePlan, rowsRead } from '../db/testing/query-plan.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { sync } from './sync.ts';

const people = 1_000;
const membersEach = 10;

let database: TestDatabase;
let pool: Pool;
let db: Kysely<Tables>;
/** What was asked of the database, in order. */
const asked: { readonly sql: string; readonly parameters: readonly unknown[] }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const owner = new Pool({ ...clientConfig(database.address, 'session'), max: 1 });
  await owner.query(`
    insert into tenant (id, name) values ('t', 'T');
    insert into app_user (tenant_id, id, name)
      select 't', 'p' || n, 'P' from generate_series(0, ${people - 1}) as n;
    insert into conversation
      (tenant_id, id, kind, member_count, last_activity_at, created_by, created_at)
      select 't', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'group',
        ${membersEach}, now(), 'p0', now()
      from generate_series(0, ${people / membersEach - 1}) as n;
    insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
      me_version, version)
      select 't', ('00000000-0000-4000-8000-' || lpad((n / ${membersEach})::text, 12, '0'))::uuid,
        'p' || n, 'member', 1, 1, 1, 1
      from generate_series(0, ${people - 1}) as n;
  `);
  await owner.end();
  // Behind the tenant's wall, whose policy the planner sees.
  pool = new Pool({ ...clientConfig(database.address, 'session'), max: 1 });
  await pool.query("set row_security = on; set role parley_app; set parley.tenant = 't'");
  db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => {
      asked.push(query);
    },
  });
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

test('[SY49] where all were renamed and there are no statistics, as many members are read as were renamed', async () => {
  const ctx = { scope: { tenant: 't', user: 'p5' }, db: { sql: db } };
  const { users } = await sync(ctx, { me: 1, known: new Map(), at: '2020-01-01T00:00:00.000Z' });
  expect(users).toHaveLength(membersEach);
  const query = asked.find((one) => one.sql.includes('renamed'));
  if (query === undefined) throw new Error('Nobody was asked for.');
  const { rows } = await pool.query({
    text: `explain (analyze, format json) ${query.sql}`,
    values: [...query.parameters],
  });
  expect(rowsRead(parsePlan(rows), 'member')).toBeLessThanOrEqual(people * 2);
});
