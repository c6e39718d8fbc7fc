import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OperatorError } from '../operator-error.ts';
import { type DatabaseAddress, inDatabase } from './address.ts';
import { startEmbedded } from './embedded/start-embedded.ts';
import { migrate } from './migrate.ts';
import { migrationsFolder } from './migration-files.ts';
import { openDatabase } from './postgres/open-database.ts';
import { startSystemPostgres } from './testing/system-postgres.ts';
import { withSession } from './testing/test-database.ts';

const foundation = '0001_foundation.sql';

// Roles belong to a whole server, so each of these has a server of its own.

/** A PostgreSQL, and how to log in to it. */
interface Server extends AsyncDisposable {
  readonly superuser: DatabaseAddress;
  as(user: string): DatabaseAddress;
}

async function ownEmbedded(): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-roles-'));
  await chmod(dataDir, 0o711);
  const postgres = await startEmbedded({ dataDir, settings: { fsync: 'off' } });
  const { address } = postgres;
  if (address.kind !== 'socket') throw new Error('Not an embedded database.');
  return {
    superuser: inDatabase(address, 'postgres'),
    as: (user) => ({ ...address, user, database: 'postgres' }),
    [Symbol.asyncDispose]: async () => {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function ownSystem(): Promise<Server> {
  const postgres = await startSystemPostgres();
  return {
    superuser: { kind: 'url', url: postgres.url },
    as: (user) => {
      const url = new URL(postgres.url);
      url.username = user;
      return { kind: 'url', url: url.href };
    },
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  };
}

/** The SQL of a message, as an operator would copy it. */
function adviceOf(error: unknown): string {
  if (!(error instanceof OperatorError)) throw new Error('Not told as an operator is.');
  const [, ...lines] = error.message.split('\n\n');
  return lines.join('\n');
}

describe.each([
  ['the embedded PostgreSQL', ownEmbedded],
  ["the system's PostgreSQL", ownSystem],
])('on %s', (_, start) => {
  let server: Server;
  let databases: string[] = [];
  let users: string[] = [];

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const asSuperuser = (text: string) =>
    withSession(server.superuser, (session) => session.query(text));

  afterEach(async () => {
    for (const name of databases) await asSuperuser(`drop database "${name}"`);
    const roles = ['parley_app', 'parley_core', ...users];
    for (const name of roles) await asSuperuser(`drop role if exists "${name}"`);
    databases = [];
    users = [];
  });

  /** A user without any power but its own database. */
  async function owner(name: string, attributes = ''): Promise<DatabaseAddress> {
    users.push(name);
    await asSuperuser(`create role "${name}" login password 'correct horse/battery' ${attributes}`);
    return database(`${name}_chat`, name);
  }

  async function database(name: string, user: string): Promise<DatabaseAddress> {
    databases.push(name);
    await asSuperuser(`create database "${name}" owner "${user}"`);
    return inDatabase(server.as(user), name);
  }

  /** The roles that statements of each kind run as. */
  async function rolesOf(address: DatabaseAddress): Promise<string[]> {
    const db = await openDatabase(address);
    const who = sql<{ role: string }>`select current_user as role`;
    const pipeline = await db.openPipeline();
    const answers = [
      await who.execute(db.of('acme').sql),
      await who.execute(db.core),
      await pipeline.query<{ role: string }>({ name: 'who', text: 'select current_user as role' }),
    ];
    await db.close();
    return answers.flatMap(({ rows }) => rows.map(({ role }) => role));
  }

  async function migrated(address: DatabaseAddress): Promise<DatabaseAddress> {
    await migrate(address);
    return address;
  }

  const taken = ['parley_app', 'parley_core', 'parley_core'];

  test('[DB30] A plain owner who may make roles gets them made and takes them', async () => {
    const address = await owner('maker', 'createrole');
    await migrate(address);
    expect(await rolesOf(address)).toEqual(taken);
    const { rows } = await asSuperuser(`
      select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcanlogin as mighty
      from pg_roles where rolname like 'parley\\_%' order by 1`);
    expect(rows).toEqual([
      { rolname: 'parley_app', mighty: false },
      { rolname: 'parley_core', mighty: false },
    ]);
    expect(await migrate(address)).toEqual([]);
  });

  test('[DB30] Databases of one server that start at once make the roles once', async () => {
    const first = await owner('maker', 'createrole');
    const others = await Promise.all(
      Array.from({ length: 7 }, (_, n) => database(`maker_chat_${n}`, 'maker')),
    );
    await Promise.all([first, ...others].map((address) => migrate(address)));
    expect(await rolesOf(first)).toEqual(taken);
  });

  test('[DB31] An owner who may not make roles is told the SQL, which is all it takes', async () => {
    const address = await owner('plain');
    const error = await migrate(address).catch((caught: unknown) => caught);
    expect(String(error)).toContain('The database user plain may not make or take the roles');
    await asSuperuser(adviceOf(error));
    await migrate(address);
    expect(await rolesOf(address)).toEqual(taken);
  });

  test('[DB31] Where the roles are there, only what is missing is told', async () => {
    const address = await owner('plain');
    await asSuperuser('create role parley_app; create role parley_core; grant parley_app to plain');
    const error = await migrate(address).catch((caught: unknown) => caught);
    expect(adviceOf(error)).toMatch(/^ {2}grant parley_core to plain[^;]*;\n$/);
    await asSuperuser(adviceOf(error));
    await migrate(address);
    expect(await rolesOf(address)).toEqual(taken);
  });

  test('[DB31] What could be done is not told again', async () => {
    const address = await owner('maker', 'createrole');
    await asSuperuser('create role parley_core');
    // From PostgreSQL 16 on, who makes roles may grant only those.
    const error = await migrate(address).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    if (error !== undefined) await asSuperuser(adviceOf(error));
    await migrate(address);
    expect(await rolesOf(address)).toEqual(taken);
  });

  test('[DB31] A name that has to be quoted is quoted', async () => {
    const address = await owner('Chat User');
    const error = await migrate(address).catch((caught: unknown) => caught);
    expect(adviceOf(error)).toContain('to "Chat User"');
  });

  test.each([
    ['passes the policies', 'alter role parley_app bypassrls'],
    ['is a superuser', 'alter role parley_core superuser'],
    ['makes roles', 'alter role parley_app createrole'],
    ['logs in', 'alter role parley_app login'],
    ['can be the other', 'grant parley_core to parley_app'],
  ])('[DB31] A role that %s is refused, with the SQL that mends it', async (_, change) => {
    const address = await owner('maker', 'createrole');
    await migrate(address);
    await asSuperuser(change);
    const error = await migrate(address).catch((caught: unknown) => caught);
    expect(String(error)).toContain('can do more than they should');
    await asSuperuser(adviceOf(error));
    expect(await migrate(address)).toEqual([]);
  });

  test('[DB32] A plain owner’s session fails where it would see a part, and never takes it for all', async () => {
    const address = await owner('maker', 'createrole');
    await migrate(address);
    const db = await openDatabase(address);
    await db.of('acme').sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
    await db.close();
    await withSession(address, async (session) => {
      for (const statement of [
        'select id from tenant',
        "update tenant set name = 'x'",
        'delete from tenant',
      ]) {
        await expect(session.query(statement)).rejects.toThrow(/affected by row-level security/);
      }
      // The way of a migration that changes rows.
      await session.query('begin');
      await session.query('alter table tenant no force row level security');
      expect((await session.query("update tenant set name = 'New'")).rowCount).toBe(1);
      await session.query('alter table tenant force row level security');
      await session.query('commit');
    });
  });

  test('A schema of the owner’s own name is found by the roles too', async () => {
    const address = await owner('maker', 'createrole');
    await withSession(address, (session) => session.query('create schema maker'));
    await migrate(address);
    const db = await openDatabase(address);
    await db.of('acme').sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
    const found = await db.core.selectFrom('tenant').select('id').execute();
    await db.close();
    expect(found).toEqual([{ id: 'acme' }]);
  });

  test('[DB31] Who logs in as one of the roles is told how to log in as somebody else', async () => {
    await asSuperuser("create role parley_app login password 'correct horse/battery'");
    const address = await database('odd_chat', 'parley_app');
    const advice = adviceOf(await migrate(address).catch((error: unknown) => error));
    const administrator = inDatabase(server.superuser, 'odd_chat');
    await withSession(administrator, (session) => session.query(advice));
    users.push('parley_owner');
    await asSuperuser("alter role parley_owner password 'correct horse/battery'");
    expect(
      await rolesOf(await migrated(inDatabase(server.as('parley_owner'), 'odd_chat'))),
    ).toEqual(taken);
  });

  test('[DB37] Data from before the walls is read behind them; older code is refused', async () => {
    const address = await owner('maker', 'createrole');
    const folder = await mkdtemp(join(tmpdir(), 'parley-migrations-'));
    await copyFile(join(migrationsFolder, foundation), join(folder, foundation));
    expect(await migrate(address, { folder })).toEqual([1]);
    await withSession(address, (session) =>
      session.query(`
        insert into tenant (id, name) values ('acme', 'Acme'), ('other', 'Other');
        insert into api_key (tenant_id, id, secret_hash) values ('acme', 'abcdefghijkl', 'hash');
        insert into signing_key (tenant_id, kid, algorithm, secret)
          values ('acme', 'abcdefghijkl', 'HS256', 'sealed');
        insert into app_user (tenant_id, id, name, role) values ('acme', 'ann', 'Ann', 'guest');
        insert into conversation (tenant_id, id, kind, member_count, last_activity_at, created_by,
          created_at) values ('acme', gen_random_uuid(), 'group', 1, now(), 'ann', now());
        insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
          me_version, version) select 'acme', id, 'ann', 'owner', 1, 1, 1, 1 from conversation;
        insert into message (tenant_id, conversation_id, seq, id, sender_id, kind, body,
          content_hash, created_version, version, created_at)
          select 'acme', id, 1, gen_random_uuid(), 'ann', 'text', 'Hi', 'hash', 2, 2, now()
          from conversation;`),
    );
    expect((await migrate(address)).slice(0, 3)).toEqual([2, 3, 4]);
    const db = await openDatabase(address);
    const tables = ['tenant', 'api_key', 'signing_key', 'app_user', 'member', 'message'] as const;
    for (const table of tables) {
      const all = (tenant: string) => db.of(tenant).sql.selectFrom(table).selectAll().execute();
      expect(await all('acme'), table).toHaveLength(1);
      expect(await all('other'), table).toHaveLength(table === 'tenant' ? 1 : 0);
    }
    const { scopes, expires_at } = await db
      .of('acme')
      .sql.selectFrom('api_key')
      .selectAll()
      .executeTakeFirstOrThrow();
    expect({ scopes, expires_at }).toEqual({ scopes: ['all'], expires_at: null });
    await db.close();
    await expect(migrate(address, { folder })).rejects.toThrow(/A newer Parley has changed/);
    await rm(folder, { recursive: true });
  });

  test.each([
    ['is switched off', 'alter table message disable row level security'],
    ['spares the owner', 'alter table member no force row level security'],
    ['has a policy for all', 'create policy everybody on app_user using (true)'],
    ['has a policy that says more', "alter policy app on message using (body <> '')"],
    ['lacks a policy', 'drop policy core on tenant'],
    ['is all of this', 'drop policy app on block; alter table block disable row level security'],
  ])('[DB38] A start with a wall that %s is refused with what mends it', async (_why, harm) => {
    const address = await owner('Odd Owner', 'createrole');
    await migrate(address);
    const here = inDatabase(server.superuser, 'Odd Owner_chat');
    await withSession(here, (session) => session.query(harm));
    const advice = adviceOf(await migrate(address).catch((error: unknown) => error));
    await withSession(here, (session) => session.query(advice));
    expect(await migrate(address)).toEqual([]);
  });

  test('[DB38] A copy that was restored without its privileges is told so', async () => {
    const address = await owner('maker', 'createrole');
    await migrate(address);
    await withSession(address, (session) =>
      session.query('revoke all on all tables in schema public from parley_app, parley_core'),
    );
    await expect(migrate(address)).rejects.toThrow(/restored without its privileges/);
  });
});
