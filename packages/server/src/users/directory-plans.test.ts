import { ParleyError } from '@parley/protocol';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../context.ts';
import { clientConfig } from '../db/postgres/connect.ts';
import type { Tables } from '../db/tables.ts';
import { type PlanNode, parsePlan, rowsRead } from '../db/testing/query-plan.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { getUsers } from './get-users.ts';
import { reachPeople } from './reach-people.ts';
import { visibleUsers } from './visible-users.ts';

const people = 10_000;
const mine = 300;
const named = Array.from({ length: 100 }, (_, i) => idOf(i * 97 + 2));
const me = idOf(1);
/** Somebody who is in no conversation. */
const lonely = 'lonely';

let database: TestDatabase;
let pool: Pool;
/** What was asked of the database, in order. */
let asked: { readonly sql: string; readonly parameters: readonly unknown[] }[] = [];
let db: Kysely<Tables>;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ ...clientConfig(database.address, 'session'), max: 1 });
  db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => {
      asked.push(query);
    },
  });
  // One group of everybody, 300 small ones of mine, and 3,000 of others.
  await sql`insert into tenant (id, name, settings) values ('t', 'T', '{"directory":"shared"}')`.execute(
    db,
  );
  await sql`
    insert into app_user (tenant_id, id, name)
    select 't', 'p' || lpad(n::text, 5, '0'), 'Person ' || n from generate_series(1, ${sql.lit(people)}) as n`.execute(
    db,
  );
  await sql`insert into app_user (tenant_id, id, name) values ('t', ${lonely}, 'L')`.execute(db);
  await sql`
    insert into conversation (tenant_id, id, kind, member_count, last_activity_at, created_by, created_at)
    select 't', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'group', 5, now(), ${me}, now()
    from generate_series(0, 3300) as n`.execute(db);
  await sql`
    insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version, me_version, version)
    select distinct 't', ('00000000-0000-4000-8000-' || lpad(place.n::text, 12, '0'))::uuid,
      'p' || lpad(place.p::text, 5, '0'), 'member', 1, 1, 1, 1
    from (
      select 0 as n, p from generate_series(1, ${sql.lit(people)}) as p
      union all
      select n, 1 from generate_series(1, ${sql.lit(mine)}) as n
      union all
      select n, (n * 31 + g * g * 7) % ${sql.lit(people)} + 1
      from generate_series(1, 3300) as n, generate_series(1, 5) as g
    ) as place`.execute(db);
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

function idOf(n: number): string {
  return `p${String(n).padStart(5, '0')}`;
}

type Question = (ctx: Pick<Context, 'db' | 'scope'>) => Promise<unknown>;

/** Does it, then has PostgreSQL say how it finds the people that were named. */
async function planOf(work: Question): Promise<PlanNode> {
  asked = [];
  await work({ scope: { tenant: 't', user: me }, db: { sql: db } });
  const query = asked.find((one) => one.sql.includes('my_conversation'));
  if (query === undefined) throw new Error('Nothing was asked.');
  const { rows } = await pool.query({
    text: `explain (analyze, format json) ${query.sql}`,
    values: [...query.parameters],
  });
  return parsePlan(rows);
}

const questions: Readonly<Record<string, Question>> = {
  'user.get': (ctx) => getUsers(ctx, { users: named }),
  'presence.watch': (ctx) => visibleUsers(ctx, named),
  'conversation.create': ({ scope }) =>
    db.transaction().execute((trx) =>
      reachPeople(trx, scope, named, {
        act: 'group',
        reach: 'shared',
        unknown: new ParleyError('not_found'),
      }),
    ),
};

describe.each(['without statistics', 'with statistics'])('Among 10,000 people, %s', (state) => {
  beforeAll(async () => {
    if (state === 'with statistics') await sql`analyze`.execute(db);
  });

  test.each(Object.entries(questions))(
    '[RO36] %s reads the memberships of those named, and mine',
    async (_name, question) => {
      const plan = await planOf(question);
      const { rows } = await sql<{ count: number }>`
        select count(*)::int as count from member
        where user_id = any(${[...named]}::text[])`.execute(db);
      const theirs = rows[0]?.count ?? 0;
      expect(rowsRead(plan, 'member')).toBeLessThanOrEqual(theirs + mine + 10);
      expect(rowsRead(plan, 'app_user')).toBeLessThanOrEqual(named.length);
    },
  );
});

test('[RO30] Of somebody hidden no more is asked than of who does not exist', async () => {
  const hidden = await sql<{ id: string }>`
    select id from app_user where id not in (
      select theirs.user_id from member as mine join member as theirs using (tenant_id, conversation_id)
      where mine.user_id = ${lonely}
    ) limit 1`.execute(db);
  const statements = async (user: string) => {
    asked = [];
    const unknown = new ParleyError('not_found');
    await expect(
      db.transaction().execute((trx) =>
        reachPeople(trx, { tenant: 't', user: lonely }, [lonely, user], {
          act: 'direct',
          reach: 'shared',
          unknown,
        }),
      ),
    ).rejects.toBe(unknown);
    return asked.map((one) => one.sql);
  };
  const user = hidden.rows[0]?.id ?? '';
  expect(user).not.toBe('');
  expect(await statements(user)).toEqual(await statements('nobody'));
});
