import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { migrate, underMigrationLock } from './migrate.ts';
import { createEmptyDatabase, withSession } from './testing/test-database.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-migrations-'));
  folders.push(folder);
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  return folder;
}

const apples = { '0001_apples.sql': 'create table apple (id integer); select 1;' };
const pears = { '0002_pears.sql': 'create table pear (id integer);' };
const breakingPears = { '0002_pears.sql': '-- breaking: apples are gone\ndrop table apple;' };

test('[DB7] Migrations run once, in order, and are recorded', async () => {
  await using empty = await createEmptyDatabase();
  const folder = await folderWith({ ...apples, ...pears });
  expect(await migrate(empty.address, { folder })).toEqual([1, 2]);
  expect(await migrate(empty.address, { folder })).toEqual([]);
  const { rows } = await withSession(empty.address, (session) =>
    session.query('select number, name, breaking from migration order by number'),
  );
  expect(rows).toEqual([
    { number: 1, name: 'apples', breaking: false },
    { number: 2, name: 'pears', breaking: false },
  ]);
});

test('[DB7] Of servers that start together one migrates and the others wait', async () => {
  await using empty = await createEmptyDatabase();
  const folder = await folderWith({
    '0001_slow.sql': 'create table apple (id integer); select pg_sleep(0.1);',
    ...pears,
  });
  const runs = await Promise.all(
    Array.from({ length: 6 }, () => migrate(empty.address, { folder })),
  );
  expect(runs.flat().toSorted()).toEqual([1, 2]);
});

test('[DB7] A migration that fails leaves nothing behind and names itself', async () => {
  await using empty = await createEmptyDatabase();
  const broken = await folderWith({
    ...apples,
    '0002_pears.sql': 'create table pear (id integer); select 1 / 0;',
  });
  await expect(migrate(empty.address, { folder: broken })).rejects.toThrow(
    'Migration 2 "pears" failed and was undone: division by zero.',
  );
  const mended = await folderWith({ ...apples, ...pears });
  expect(await migrate(empty.address, { folder: mended })).toEqual([2]);
});

test('[DB7] A migration and its record are one transaction', async () => {
  await using empty = await createEmptyDatabase();
  const unrecorded = await folderWith({
    ...apples,
    // Takes the place of its own record.
    '0002_pears.sql': `create table pear (id integer);
      insert into migration (number, name, breaking) values (2, 'plums', false);`,
  });
  await expect(migrate(empty.address, { folder: unrecorded })).rejects.toThrow('duplicate key');
  const mended = await folderWith({ ...apples, ...pears });
  expect(await migrate(empty.address, { folder: mended })).toEqual([2]);
});

test('[DB8] A database with unknown but compatible migrations is used, with a warning', async () => {
  await using empty = await createEmptyDatabase();
  await migrate(empty.address, { folder: await folderWith({ ...apples, ...pears }) });
  const warnings: string[] = [];
  const older = await folderWith(apples);
  await migrate(empty.address, { folder: older, warn: (text) => warnings.push(text) });
  expect(warnings).toEqual([expect.stringContaining('A newer Parley has added to')]);
});

test('[DB8] A database with an unknown breaking migration is refused', async () => {
  await using empty = await createEmptyDatabase();
  await migrate(empty.address, { folder: await folderWith({ ...apples, ...breakingPears }) });
  await expect(migrate(empty.address, { folder: await folderWith(apples) })).rejects.toThrow(
    /A newer Parley has changed .* \(migration 2 "pears"\).*Start the newer version/,
  );
});

const laterPears = {
  '0002_pears.sql': 'create table pear (id integer);',
  '0003_no_apples.sql': '-- breaking before 2: apples are kept as pears since\ndrop table apple;',
};

test('[DB8] What breaks only what is older than its neighbour is used by the neighbour', async () => {
  await using empty = await createEmptyDatabase();
  await migrate(empty.address, { folder: await folderWith({ ...apples, ...laterPears }) });
  const neighbour = await folderWith({ ...apples, ...pears });
  const warnings: string[] = [];
  await migrate(empty.address, { folder: neighbour, warn: (text) => warnings.push(text) });
  expect(warnings).toHaveLength(1);
  await expect(migrate(empty.address, { folder: await folderWith(apples) })).rejects.toThrow(
    /migration 3 "no_apples"/,
  );
});

test('[ND20] Nothing is broken under nodes that run: they are named, and nothing is changed', async () => {
  await using empty = await createEmptyDatabase();
  const nodes = {
    '0001_apples.sql': `create table apple (id integer);
      create table node (place text, version text, migrations integer,
        started_at timestamptz default now(), heartbeat_at timestamptz);`,
  };
  await migrate(empty.address, { folder: await folderWith(nodes) });
  const beat = (migrations: number, secondsAgo: number) =>
    withSession(empty.address, (session) =>
      session.query(
        `insert into node (place, version, migrations, heartbeat_at)
        values ('here:7', '0.0.9', $1, clock_timestamp() - make_interval(secs => $2))`,
        [migrations, secondsAgo],
      ),
    );
  await beat(1, 60);
  await beat(1, 1);
  const folder = await folderWith({ ...nodes, ...laterPears });
  await expect(migrate(empty.address, { folder })).rejects.toThrow(/here:7 \(0\.0\.9\)\. Update/);
  await withSession(empty.address, (session) =>
    session.query('delete from node; select from apple'),
  );
  await beat(2, 1);
  expect(await migrate(empty.address, { folder })).toEqual([2, 3]);
});

test('[DB8] The record of an older version is taken over as it is', async () => {
  await using empty = await createEmptyDatabase();
  const folder = await folderWith({ ...apples, ...breakingPears });
  await migrate(empty.address, { folder });
  await withSession(empty.address, (session) =>
    session.query('alter table migration drop column needs'),
  );
  await expect(migrate(empty.address, { folder: await folderWith(apples) })).rejects.toThrow(
    /migration 2 "pears"/,
  );
  expect(await migrate(empty.address, { folder })).toEqual([]);
});

test('A migration cannot break what comes after it', async () => {
  await using empty = await createEmptyDatabase();
  const folder = await folderWith({ '0001_apples.sql': '-- breaking before 2\nselect 1' });
  await expect(migrate(empty.address, { folder })).rejects.toThrow('0001_apples.sql is breaking');
});

test('A database that other files made is refused', async () => {
  await using empty = await createEmptyDatabase();
  await migrate(empty.address, { folder: await folderWith({ '0001_nuts.sql': 'select 1' }) });
  await expect(migrate(empty.address, { folder: await folderWith(apples) })).rejects.toThrow(
    /migration 1 is "nuts".*"apples".*use another database/,
  );
});

test('A gap or a strange name among the files is an error', async () => {
  await using empty = await createEmptyDatabase();
  for (const file of ['0002_late.sql', '1_short.sql', '0001_Upper.sql']) {
    const folder = await folderWith({ [file]: 'select 1' });
    await expect(migrate(empty.address, { folder })).rejects.toThrow(
      `${file} should be named 0001_what_it_does.sql`,
    );
  }
});

test('A user who may not make tables is told what the owner has to do', async () => {
  await using empty = await createEmptyDatabase();
  const { address } = empty;
  if (address.kind !== 'socket') throw new Error('Not a test database.');
  const role = `${address.database}_guest`;
  await withSession(address, (session) => session.query(`create role ${role} login`));
  const folder = await folderWith(apples);
  await expect(migrate({ ...address, user: role }, { folder })).rejects.toThrow(
    `alter database "${address.database}" owner to "${role}";`,
  );
  await withSession(address, (session) => session.query(`drop role ${role}`));
});

test('[DB9] Work under the migration lock excludes other such work and is let in afterwards', async () => {
  await using empty = await createEmptyDatabase();
  const order: string[] = [];
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const first = underMigrationLock(empty.address, async () => {
    enter();
    await finished;
    order.push('first');
  });
  await entered;
  const second = underMigrationLock(empty.address, async () => order.push('second'));
  await withSession(empty.address, async (session) => {
    // The second one is seen to wait before the first is let go on.
    const waiting = `select count(*) as waiting from pg_locks
      where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`;
    while ((await session.query(waiting)).rows[0].waiting < 1);
  });
  finish();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});
