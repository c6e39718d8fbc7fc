import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { epochOf } from '../backup/testing/fill-database.ts';
import { type DatabaseAddress, inDatabase } from '../db/address.ts';
import { type SystemPostgres, startSystemPostgres } from '../db/testing/system-postgres.ts';
import { withSession } from '../db/testing/test-database.ts';
import { runParley, startMain } from './testing/run-parley.ts';

// Processes of their own, which take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
let folder = '';
let postgres: SystemPostgres;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley command-'));
  // As root PostgreSQL is another user, who has to get in.
  await chmod(folder, 0o711);
  postgres = await startSystemPostgres();
});

afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const key = { PARLEY_OPERATOR_KEY: 'operator-key-of-this-test' };
const made = z.object({ api_key: z.string() });
const token = z.object({ token: z.string() });

async function call(url: string, bearer: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** A tenant, a person, and a token of theirs, which only the right key of the secrets verifies. */
async function fill(url: string, id: string): Promise<string> {
  const tenant = await call(url, key.PARLEY_OPERATOR_KEY, 'POST', '/v1/tenants', { id, name: id });
  const { api_key } = made.parse(tenant.body);
  await call(url, api_key, 'PUT', '/v1/users/ann', { name: 'Ann' });
  const minted = await call(url, api_key, 'POST', '/v1/users/ann/tokens', {});
  return token.parse(minted.body).token;
}

async function signsIn(url: string, bearer: string): Promise<boolean> {
  return (await call(url, bearer, 'GET', '/v1/conversations')).status === 200;
}

async function emptyDatabase(): Promise<DatabaseAddress & { readonly kind: 'url' }> {
  const name = `cli_${randomBytes(6).toString('hex')}`;
  await withSession({ kind: 'url', url: postgres.url }, (session) =>
    session.query(`create database ${name}`),
  );
  const address = inDatabase({ kind: 'url', url: postgres.url }, name);
  if (address.kind !== 'url') throw new Error('No URL.');
  return address;
}

test('[CM30] Without a command, or with --help, it says what there is; what it is not is misuse', async () => {
  const { stdout } = await run(join(import.meta.dirname, '../../../../bin/parley'), ['--help'], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: '' },
  });
  for (const name of ['backup', 'restore', 'move', 'epoch']) {
    expect(stdout).toContain(`  ${name} `);
    const help = await runParley(folder, [name, '--help'], {});
    expect(help).toMatchObject({ code: 0, said: '' });
    expect(help.output).toContain(`Usage: parley ${name}`);
  }
  for (const words of [['dance'], ['backup'], ['backup', 'a', 'b'], ['epoch', '--now'], ['move']]) {
    const { code, said } = await runParley(folder, words, {});
    expect(code).toBe(2);
    expect(said).toContain('Usage: parley ');
  }
  const elsewhere = { PARLEY_DATA_DIR: join(folder, 'nothing') };
  const nothing = await runParley(folder, ['backup', 'x.backup'], elsewhere);
  expect(nothing).toMatchObject({ code: 1, output: '' });
  expect(nothing.said).toMatch(/^There is no installation in .*\n$/);
});

test('[CM11] From a running embedded server into a new folder, with its keys', async () => {
  const source = { PARLEY_DATA_DIR: join(folder, 'one'), ...key };
  const target = { PARLEY_DATA_DIR: join(folder, 'two'), ...key };
  let ann = '';
  {
    await using server = await startMain(folder, source);
    ann = await fill(server.url, 'acme');
    const written = await runParley(folder, ['backup', 'one.backup'], source);
    expect(written).toMatchObject({ code: 0, said: '' });
    expect((await stat(join(folder, 'one.backup'))).mode & 0o777).toBe(0o600);
    expect((await runParley(folder, ['backup', 'one.backup'], source)).said).toContain('--force');
    const running = await runParley(folder, ['restore', 'one.backup', '--replace'], source);
    expect(running).toMatchObject({ code: 1 });
    expect(running.said).toContain('Another Parley is running');
    expect(await signsIn(server.url, ann)).toBe(true);
  }
  // Also from one whose server does not run, into a folder for backups.
  expect(await runParley(folder, ['backup', '.'], source)).toMatchObject({ code: 0 });
  const restored = await runParley(folder, ['restore', 'one.backup'], target);
  expect(restored, restored.said).toMatchObject({ code: 0 });
  expect((await stat(join(folder, 'two', 'secret-key'))).mode & 0o777).toBe(0o600);
  await using server = await startMain(folder, target);
  expect(await signsIn(server.url, ann)).toBe(true);
});

test('[CM11] Another key is refused before anything is changed, and the message mends it', async () => {
  const target = { PARLEY_DATA_DIR: join(folder, 'three'), ...key };
  const other = { ...target, PARLEY_SECRET_KEY: 'another-secret-key' };
  const refused = await runParley(folder, ['restore', 'one.backup'], other);
  expect(refused.code).toBe(1);
  expect(refused.said).toContain('another key than that of PARLEY_SECRET_KEY');
  const [, shown = ''] = /run `([^`]*)`/.exec(refused.said) ?? [];
  await run('/bin/sh', ['-c', shown], { cwd: folder });
  const mended = { ...target, PARLEY_SECRET_KEY_FILE: join(folder, 'secret-key') };
  expect(await runParley(folder, ['restore', 'one.backup'], mended)).toMatchObject({ code: 0 });

  // A folder with a key of its own.
  const four = { PARLEY_DATA_DIR: join(folder, 'four'), ...key };
  await (await startMain(folder, four))[Symbol.asyncDispose]();
  const own = await runParley(folder, ['restore', 'one.backup'], four);
  expect(own.said).toContain(`Move ${join(folder, 'four', 'secret-key')} away`);
  await rename(join(folder, 'four', 'secret-key'), join(folder, 'four', 'old-key'));
  expect(await runParley(folder, ['restore', 'one.backup'], four)).toMatchObject({ code: 0 });
});

test('[CM7] A database on which a server runs is neither restored nor moved into', async () => {
  const address = await emptyDatabase();
  const env = { DATABASE_URL: address.url, PARLEY_DATA_DIR: join(folder, 'none'), ...key };
  await using _server = await startMain(folder, env);
  const keys = { PARLEY_SECRET_KEY_FILE: join(folder, 'two', 'secret-key') };
  const restore = await runParley(folder, ['restore', 'one.backup'], { ...env, ...keys });
  expect(restore.said).toContain('Stop every server first');
  const move = await runParley(folder, ['move', '--to', address.url], {
    PARLEY_DATA_DIR: join(folder, 'two'),
  });
  expect(move.code).toBe(1);
  expect(move.said).toContain('Stop every server first');
  expect(move.said).not.toContain(postgres.password);
});

test('[CM12] The epoch is renewed while a server runs, and the old and the new one are told', async () => {
  const address = await emptyDatabase();
  const env = { DATABASE_URL: address.url, PARLEY_DATA_DIR: join(folder, 'none'), ...key };
  await using server = await startMain(folder, env);
  const ann = await fill(server.url, 'acme');
  const before = await epochOf(address);
  const { code, output } = await runParley(folder, ['epoch'], env);
  expect(code).toBe(0);
  expect(output).toBe(`The epoch was ${before} and is now ${await epochOf(address)}.\n`);
  expect(await epochOf(address)).not.toBe(before);
  expect(await signsIn(server.url, ann)).toBe(true);
});

test('[CM20] An embedded installation moves to PostgreSQL, and the server starts as it says', async () => {
  const source = { PARLEY_DATA_DIR: join(folder, 'five'), ...key };
  let ann = '';
  {
    await using server = await startMain(folder, source);
    ann = await fill(server.url, 'acme');
    const running = await runParley(folder, ['move', '--to', postgres.url], source);
    expect(running.said).toContain('Another Parley is running');
  }
  const { url } = await emptyDatabase();
  const { code, output, said } = await runParley(folder, ['move', '--to', url], source);
  expect(code, said).toBe(0);
  const [, file = ''] = /PARLEY_SECRET_KEY_FILE=(.*)/.exec(output) ?? [];
  await using server = await startMain(folder, {
    DATABASE_URL: url,
    PARLEY_SECRET_KEY_FILE: file,
    ...key,
  });
  expect(await signsIn(server.url, ann)).toBe(true);
});

test('[CM4] A damaged backup is told by its name, and no data folder is made for it', async () => {
  const good = await readFile(join(folder, 'one.backup'));
  await writeFile(join(folder, 'torn.backup'), good.subarray(0, good.length / 2));
  const env = { PARLEY_DATA_DIR: join(folder, 'six'), ...key };
  const { code, said } = await runParley(folder, ['restore', 'torn.backup'], env);
  expect(code).toBe(1);
  expect(said).toContain(`${join(folder, 'torn.backup')} is damaged`);
  await expect(stat(join(folder, 'six'))).rejects.toThrow('ENOENT');
});
