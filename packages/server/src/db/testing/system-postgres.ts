import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DatabaseAddress } from '../address.ts';
import { chooseOwner } from '../embedded/owner.ts';
import { pause } from '../embedded/processes.ts';
import { withSession } from './test-database.ts';

const run = promisify(execFile);

const password = 'correct horse/battery';

/** A PostgreSQL as an operator has it: the system's, over TCP, with passwords. */
export interface SystemPostgres extends AsyncDisposable {
  /** The superuser's way in, as `DATABASE_URL` has it. */
  readonly url: string;
  /** Of everybody, if they are given it. */
  readonly password: string;
}

/** Starts the oldest PostgreSQL that is installed, which bin/test sees to. */
export async function startSystemPostgres(): Promise<SystemPostgres> {
  const binaries = findBinaries();
  const owner = await chooseOwner('/nonexistent/postgres/cluster', () => {});
  const folder = await mkdtemp(join(tmpdir(), 'parley-system-'));
  await chmod(folder, 0o711);
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  await chown(data, owner.uid, owner.gid);
  await writeFile(join(folder, 'password'), password, { mode: 0o644 });
  const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
  const options = ['-D', data, '-U', 'parley', '-A', 'scram-sha-256', '-E', 'UTF8', '--no-sync'];
  await run(join(binaries, 'initdb'), [...options, `--pwfile=${join(folder, 'password')}`], {
    ...owner.spawn,
    env,
    cwd: folder,
  });
  const port = await freePort();
  const postgres = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', data],
    { ...owner.spawn, env, cwd: folder, stdio: 'ignore' },
  );
  const url = `postgres://parley:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  while (!(await answers({ kind: 'url', url }))) await pause(50);
  return {
    url,
    password,
    [Symbol.asyncDispose]: async () => {
      const ended = once(postgres, 'exit');
      postgres.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The folder of the system's PostgreSQL programs. */
export function findBinaries(): string {
  const given = process.env['POSTGRES_BIN'];
  const known = ['15', '16', '17', '18'].map((version) => `/usr/lib/postgresql/${version}/bin`);
  const found = given ?? known.find(isThere);
  if (found === undefined) {
    throw new Error(
      'Install postgresql, or put the folder of initdb and postgres into POSTGRES_BIN.',
    );
  }
  return found;
}

function isThere(folder: string): boolean {
  try {
    accessSync(join(folder, 'initdb'));
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return address.port;
}

async function answers(address: DatabaseAddress): Promise<boolean> {
  return withSession(address, async () => true).catch(() => false);
}
