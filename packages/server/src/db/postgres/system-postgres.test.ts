import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../config/config.ts';
import type { DatabaseAddress } from '../address.ts';
import { dumpSchema } from '../dump-schema.ts';
import { chooseOwner } from '../embedded/owner.ts';
import { pause } from '../embedded/processes.ts';
import { migrate } from '../migrate.ts';
import { withSession } from '../testing/test-database.ts';
import { openDatabase } from './open-database.ts';

const run = promisify(execFile);

// The operator's own PostgreSQL: the system's, which bin/test finds or installs.
const binaries = ['15', '16', '17', '18']
  .map((version) => `/usr/lib/postgresql/${version}/bin`)
  .reduce<string | undefined>(
    (found, folder) => found ?? (isThere(folder) ? folder : undefined),
    process.env['POSTGRES_BIN'],
  );

function isThere(folder: string): boolean {
  try {
    accessSync(join(folder, 'initdb'));
    return true;
  } catch {
    return false;
  }
}

const password = 'correct horse/battery';
let folder = '';
let postgres: ChildProcess | undefined;
let url = '';

beforeAll(async () => {
  if (binaries === undefined) {
    throw new Error(
      'Install postgresql, or put the folder of initdb and postgres into POSTGRES_BIN.',
    );
  }
  const owner = await chooseOwner('/nonexistent/postgres/cluster', () => {});
  folder = await mkdtemp(join(tmpdir(), 'parley-system-'));
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
  postgres = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', data],
    { ...owner.spawn, env, cwd: folder, stdio: 'ignore' },
  );
  url = `postgres://parley:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  while (!(await answers({ kind: 'url', url }))) await pause(50);
});

afterAll(async () => {
  if (postgres !== undefined) {
    const ended = once(postgres, 'exit');
    postgres.kill('SIGINT');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

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

test('[DB21] DATABASE_URL with a password serves the same schema and statements', async () => {
  const { config } = readConfig({ DATABASE_URL: url });
  const address: DatabaseAddress = { kind: 'url', url: config.databaseUrl?.reveal() ?? '' };
  await migrate(address);
  const db = await openDatabase(address);
  await db.sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
  const pipeline = await db.openPipeline();
  const { rows } = await pipeline.query({ name: 'ids', text: 'select id from tenant' });
  expect(rows).toEqual([{ id: 'acme' }]);
  const version = await sql<{ version: string }>`select version()`.execute(db.sql);
  expect(version.rows[0]?.version).toMatch(/^PostgreSQL /);
  await db.close();
});

test('[DB21] The schema is the same on this PostgreSQL as on the embedded one', async () => {
  const address: DatabaseAddress = { kind: 'url', url };
  await migrate(address);
  const embedded = await readFile(join(import.meta.dirname, '..', 'schema.sql'), 'utf8');
  expect(await withSession(address, dumpSchema)).toBe(embedded);
});

test('[DB5] A wrong password is told apart, without the password', async () => {
  const wrong = url.replace(encodeURIComponent(password), 'hunter2');
  const error = await openDatabase({ kind: 'url', url: wrong }).catch((caught: unknown) => caught);
  expect(String(error)).toContain('password authentication failed');
  expect(String(error)).not.toContain('hunter2');
});
