import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepKey } from './key-file.ts';
import { Secret } from './secret.ts';
import { openSecrets } from './secrets.ts';

let folder = '';
const openFolder = async () => folder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-keys-'));
});

afterEach(() => rm(folder, { recursive: true }));

const nothing = { operatorKey: undefined, secretKey: undefined, databaseUrl: undefined };
const databaseUrl = new Secret('postgres://db/parley');
const operatorKey = new Secret('the-first-operator-key');

test('[CF6] A key is made once, in a file for its owner alone', async () => {
  const first = await keepKey(folder, 'operator-key');
  const again = await keepKey(folder, 'operator-key');
  expect(again.reveal()).toBe(first.reveal());
  expect(first.reveal()).toMatch(/^[\w-]{43}$/);
  expect((await stat(join(folder, 'operator-key'))).mode & 0o777).toBe(0o600);
});

test('[CF6] Servers that start at once agree on the key and leave no drafts', async () => {
  // Some find the file, some are in the middle of making it, some are about to start.
  const startLate = async (turns: number) => {
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    return (await keepKey(folder, 'operator-key')).reveal();
  };
  for (let round = 0; round < 10; round += 1) {
    const keys = await Promise.all(Array.from({ length: 20 }, (_, turns) => startLate(turns)));
    expect(new Set(keys).size).toBe(1);
    expect(await readdir(folder)).toEqual(['operator-key']);
    await rm(join(folder, 'operator-key'));
  }
});

test('[CF6] A key that others can read, or that was damaged, is refused', async () => {
  await keepKey(folder, 'operator-key');
  const file = join(folder, 'operator-key');
  await chmod(file, 0o640);
  await expect(keepKey(folder, 'operator-key')).rejects.toThrow(`chmod 600 ${file}`);
  await chmod(file, 0o600);
  await writeFile(file, '');
  await expect(keepKey(folder, 'operator-key')).rejects.toThrow('Put it back from a backup');
});

test('[CF7] With the embedded database both keys are kept in the data folder', async () => {
  const first = await openSecrets(nothing, openFolder);
  const again = await openSecrets(nothing, openFolder);
  expect(again.encryptionKey).toEqual(first.encryptionKey);
  expect(first.encryptionKey).toHaveLength(32);
  expect(first.operatorKeyFile).toBe(join(folder, 'operator-key'));
  expect((await readdir(folder)).sort()).toEqual(['operator-key', 'secret-key']);
  const other = await openSecrets({ ...nothing, operatorKey }, openFolder);
  expect(other.encryptionKey).toEqual(first.encryptionKey);
});

test('[CF8] With DATABASE_URL the encryption key comes from the operator key, and no folder is needed', async () => {
  const noFolder = async () => {
    throw new Error('No folder should be opened.');
  };
  const one = await openSecrets({ ...nothing, databaseUrl, operatorKey }, noFolder);
  const two = await openSecrets({ ...nothing, databaseUrl, operatorKey }, noFolder);
  expect(one.encryptionKey).toEqual(two.encryptionKey);
  expect(one.operatorKeyFile).toBeUndefined();
  expect(one.encryptionKey.toString()).not.toContain(operatorKey.reveal());
});

test('[CF8] With DATABASE_URL and no operator key, that key is kept in the data folder', async () => {
  const made = await openSecrets({ ...nothing, databaseUrl }, openFolder);
  expect(await readdir(folder)).toEqual(['operator-key']);
  const file = await readFile(join(folder, 'operator-key'), 'utf8');
  const given = { ...nothing, databaseUrl, operatorKey: new Secret(file.trim()) };
  expect((await openSecrets(given, openFolder)).encryptionKey).toEqual(made.encryptionKey);
});

test('[CF8] Who changes the operator key keeps the encryption key with PARLEY_SECRET_KEY', async () => {
  const before = await openSecrets({ ...nothing, databaseUrl, operatorKey }, openFolder);
  const after = await openSecrets(
    { databaseUrl, operatorKey: new Secret('another-operator-key'), secretKey: operatorKey },
    openFolder,
  );
  expect(after.encryptionKey).toEqual(before.encryptionKey);
});
