import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chooseOwner, type Owner } from '../../packages/server/src/db/embedded/owner.ts';
import { findBinaries } from '../../packages/server/src/db/testing/system-postgres.ts';
import { ManagedProcess } from '../kit/managed-process.ts';
import { processesOf } from '../kit/own-postgres.ts';
import { reservedPort } from '../kit/reserved-port.ts';
import { withDatabase } from '../kit/with-database.ts';

const run = promisify(execFile);

/** An operator's PostgreSQL whose every commit waits until its WAL is in an archive elsewhere. */
export interface ArchivedPostgres extends AsyncDisposable {
  readonly url: string;
  /** The machine is gone: processes by SIGKILL, files by rm. What is left is the base and the archive. */
  lose(): Promise<void>;
  /** Brings it back at the same address from the base and the archive; resolves when it takes writes. */
  recover(): Promise<void>;
}

/** Starts the system's PostgreSQL in this folder, takes a base backup, and begins to archive. */
export async function startArchivedPostgres(folder: string): Promise<ArchivedPostgres> {
  const binaries = findBinaries();
  const owner = await chooseOwner('/nonexistent/postgres/cluster', () => {});
  await chmod(folder, 0o711);
  const [data, base, archive] = await Promise.all(
    ['data', 'base', 'archive'].map((name) => folderFor(owner, join(folder, name))),
  );
  if (data === undefined || base === undefined || archive === undefined) throw new Error('folders');
  const tool = (name: string, ...words: string[]) =>
    run(join(binaries, name), words, { ...owner.spawn, env, cwd: folder });
  await tool('initdb', '-D', data, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', '--no-sync');
  const port = await reservedPort();
  const url = `postgres://parley@127.0.0.1:${port}/postgres`;
  const start = () =>
    ManagedProcess.start({
      name: 'postgres',
      command: join(binaries, 'postgres'),
      arguments: ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', ''],
      options: { cwd: folder, env, ...owner.spawn },
      stopSignal: 'SIGINT',
      stopMs: 30_000,
      whenUp: ({ poll }) => poll(() => takesWrites(url)),
    });
  let postgres = await start();
  const receiver = await ManagedProcess.start({
    name: 'pg_receivewal',
    command: join(binaries, 'pg_receivewal'),
    arguments: ['-d', `${url}?application_name=archive`, '-D', archive, '--synchronous'],
    options: { cwd: folder, env, ...owner.spawn },
    stopSignal: 'SIGINT',
    stopMs: 10_000,
    whenUp: async ({ poll }) => {
      await poll(() => streams(url));
      await withDatabase({ kind: 'url', url }, async (session) => {
        await session.query("alter system set synchronous_standby_names = 'archive'");
        await session.query('select pg_reload_conf()');
      });
      await poll(() => isSynchronous(url));
    },
  });
  // After the archive has begun: what it needs to be consistent is there.
  await tool('pg_basebackup', '-d', url, '-D', base, '-X', 'none', '-c', 'fast', '--no-sync');
  return {
    url,
    async lose() {
      for (const pid of await processesOf(postgres.pid)) process.kill(pid, 'SIGKILL');
      await postgres.stop();
      await receiver.stop();
      await rm(data, { recursive: true });
    },
    async recover() {
      // What it was writing last; the rest of the file is zeros, which ends the log.
      for (const name of await readdir(archive)) {
        const whole = name.replace(/\.partial$/, '');
        if (whole !== name) await rename(join(archive, name), join(archive, whole));
      }
      await cp(base, data, { recursive: true });
      await writeFile(join(data, 'recovery.signal'), '');
      await writeFile(
        join(data, 'postgresql.auto.conf'),
        `restore_command = 'cp "${archive}/%f" "%p"'\n`,
      );
      await run('chown', ['-R', `${owner.uid}:${owner.gid}`, data]);
      await chmod(data, 0o700);
      postgres = await start();
    },
    async [Symbol.asyncDispose]() {
      await receiver.stop();
      await postgres.stop();
    },
  };
}

const env = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

async function folderFor(owner: Owner, path: string): Promise<string> {
  await mkdir(path, { mode: 0o700 });
  await chown(path, owner.uid, owner.gid);
  return path;
}

function takesWrites(url: string): Promise<boolean> {
  return asked(url, 'select not pg_is_in_recovery() as is_so');
}

function streams(url: string): Promise<boolean> {
  return asked(
    url,
    "select count(*) > 0 as is_so from pg_stat_replication where state = 'streaming'",
  );
}

function isSynchronous(url: string): Promise<boolean> {
  return asked(
    url,
    "select count(*) > 0 as is_so from pg_stat_replication where sync_state = 'sync'",
  );
}

function asked(url: string, question: string): Promise<boolean> {
  return withDatabase({ kind: 'url', url }, async (session) => {
    const { rows } = await session.query<{ is_so: boolean }>(question);
    return rows[0]?.is_so === true;
  }).catch(() => false);
}
