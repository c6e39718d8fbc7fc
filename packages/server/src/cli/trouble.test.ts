import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fillDatabase } from '../backup/testing/fill-database.ts';
import { type DatabaseAddress, inDatabase } from '../db/address.ts';
import { findRunning } from '../db/embedded/find-running.ts';
import { type SystemPostgres, startSystemPostgres } from '../db/testing/system-postgres.ts';
import { withSession } from '../db/testing/test-database.ts';
import { runParley, startMain } from './testing/run-parley.ts';

// Processes of their own, which take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder = '';
let postgres: SystemPostgres;
let source: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  // With a space, as in folders that people name.
  folder = await mkdtemp(join(tmpdir(), 'parley in trouble-'));
  await chmod(folder, 0o711);
  postgres = await startSystemPostgres();
  source = { PARLEY_DATA_DIR: join(folder, 'one') };
  await using _server = await startMain(folder, source);
  const running = await findRunning(join(folder, 'one'));
  if (running === undefined) throw new Error('There is no PostgreSQL.');
  await fillDatabase(running, 10_000, { keepKey: true });
  expect(await runParley(folder, ['backup', 'one.backup'], source)).toMatchObject({ code: 0 });
}, 120_000);

afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function emptyDatabase(how = ''): Promise<string> {
  const name = `trouble_${randomBytes(6).toString('hex')}`;
  const server: DatabaseAddress = { kind: 'url', url: postgres.url };
  await withSession(server, (session) => session.query(`create database ${name} ${how}`));
  const address = inDatabase(server, name);
  if (address.kind !== 'url') throw new Error('No URL.');
  return address.url;
}

/** Runs it, ends it by a signal once it has said `until` to its terminal, and answers how it went. */
async function runAndEnd(words: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'testing', 'terminal-child.ts'), folder, ...words],
    {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (data) => {
    if (!said.includes('message') && String(data).includes('message')) child.kill('SIGINT');
    said += String(data);
  });
  const [code] = await once(child, 'close');
  return { code: Number(code), said };
}

test('[CM31] Ended by a signal it leaves no PostgreSQL and no file, and says what is to do', async () => {
  const backup = await runAndEnd(['backup', 'ended.backup'], source);
  expect(backup.said).toContain('Ended by SIGINT. No backup was written.');
  expect(backup.code).toBe(130);
  expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/ended|unfinished/));
  expect(await findRunning(join(folder, 'one'))).toBeUndefined();

  const two = { PARLEY_DATA_DIR: join(folder, 'two') };
  const restore = await runAndEnd(['restore', 'one.backup'], two);
  expect(restore.said).toContain('Ended by SIGINT. It is all or nothing');
  expect(restore.code).toBe(130);
  expect(await findRunning(join(folder, 'two'))).toBeUndefined();

  const url = await emptyDatabase();
  const move = await runAndEnd(['move', '--to', url], source);
  expect(move.said).toContain('Ended by SIGINT. Run it again: it goes on where it was');
  expect(move.code).toBe(130);
  expect(await findRunning(join(folder, 'one'))).toBeUndefined();

  // What is half moved is no installation yet.
  for (const words of [['epoch'], ['backup', 'half.backup']]) {
    const half = await runParley(folder, words, { ...source, DATABASE_URL: url });
    expect(half).toMatchObject({ code: 1, output: '' });
    expect(half.said).toMatch(/^A move into .* is not finished\./);
  }
  const again = await runParley(folder, ['move', '--to', url], source);
  expect(again, again.said).toMatchObject({ code: 0 });

  const twice = await runParley(folder, ['move', '--to', url], source);
  expect(twice.said).toContain('holds an installation already. Move into an empty database');
  expect(twice.said).not.toContain('--replace');
});

test('[CM20] Of the keys it names those that are there', async () => {
  const url = await emptyDatabase();
  const key = { PARLEY_OPERATOR_KEY: 'operator-key-of-this-test' };
  const moved = await runParley(folder, ['move', '--to', url], { ...source, ...key });
  expect(moved.output).toContain(`PARLEY_SECRET_KEY_FILE=${join(folder, 'one', 'secret-key')}\n`);
  expect(moved.output).not.toContain('PARLEY_OPERATOR_KEY_FILE');
  expect(moved.output).toMatch(/PARLEY_OPERATOR_KEY +as it is now/);
});

test('[CM30] Where there is no installation, it says so and makes none', async () => {
  const env = { DATABASE_URL: await emptyDatabase(), PARLEY_DATA_DIR: join(folder, 'none') };
  const to = await emptyDatabase();
  for (const words of [['epoch'], ['backup', 'no.backup'], ['move', '--to', to]]) {
    const none = await runParley(folder, words, env);
    expect(none).toMatchObject({ code: 1, output: '' });
    expect(none.said).toMatch(/^There is no installation in the database at .*DATABASE_URL\.\n$/);
    const typo = await runParley(folder, words, { PARLEY_DATA_DIR: join(folder, 'typo') });
    expect(typo.said).toMatch(/^There is no installation in .*typo\. Set PARLEY_DATA_DIR/);
  }
  await expect(stat(join(folder, 'typo'))).rejects.toThrow('ENOENT');
});

test('[CM15] A database on which no server would start is refused at the beginning', async () => {
  const url = await emptyDatabase(
    "encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'",
  );
  const move = await runParley(folder, ['move', '--to', url], source);
  expect(move.code).toBe(1);
  expect(move.said).toContain('has the encoding SQL_ASCII');
  const restore = await runParley(folder, ['restore', 'one.backup'], {
    DATABASE_URL: url,
    PARLEY_SECRET_KEY_FILE: join(folder, 'one', 'secret-key'),
  });
  expect(restore.said).toContain('has the encoding SQL_ASCII');
});

test('[CM30] What the file system refuses is told in words', async () => {
  const long = await runParley(folder, ['backup', `${'x'.repeat(250)}`], source);
  expect(long.said).toMatch(/^The backup .* cannot be written \(ENAMETOOLONG/);
  const aFolder = await runParley(folder, ['restore', '.'], source);
  expect(aFolder.said).toMatch(/^The backup .* cannot be read \(EISDIR/);
  const device = await runParley(folder, ['backup', '/dev/null', '--force'], source);
  expect(device.said).toMatch(/^\/dev\/null is no file/);
});

test('[CM5] A full installation is refused before keys are looked at, and they stay', async () => {
  const three = { PARLEY_DATA_DIR: join(folder, 'three') };
  expect(await runParley(folder, ['restore', 'one.backup'], three)).toMatchObject({ code: 0 });
  await rename(join(folder, 'three', 'secret-key'), join(folder, 'three', 'away'));
  const full = await runParley(folder, ['restore', 'one.backup'], three);
  expect(full.said).toContain('--replace');
  await expect(stat(join(folder, 'three', 'secret-key'))).rejects.toThrow('ENOENT');
});
