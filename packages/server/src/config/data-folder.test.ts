import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { embeddedGuest as guest } from '../db/embedded/guest.ts';
import { openDataFolder } from './data-folder.ts';

const isRoot = process.getuid?.() === 0;
let base = '';
let systemFolder = '';

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'parley-folder-'));
  await chmod(base, 0o711);
  systemFolder = join(base, 'var');
});

afterEach(() => rm(base, { recursive: true }));

/** A place that cannot be used: as root since PostgreSQL's user cannot pass, else since we cannot. */
async function blockedPath(): Promise<string> {
  const closed = join(base, 'closed');
  await mkdir(closed, { mode: isRoot ? 0o700 : 0o500 });
  return join(closed, 'data');
}

test('[DB11] The folder is made, passable but not listable by others whatever the umask', async () => {
  const before = process.umask(0o077);
  try {
    const path = join(base, 'a', 'data');
    expect(await openDataFolder({ path, explicit: true, guest })).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o711);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o711);
  } finally {
    process.umask(before);
  }
});

test('[DB11] A folder that exists keeps its mode', async () => {
  const path = join(base, 'data');
  await mkdir(path, { mode: 0o755 });
  await openDataFolder({ path, explicit: true });
  expect((await stat(path)).mode & 0o777).toBe(0o755);
});

test('[DB12] An explicit folder that PostgreSQL’s user cannot reach is an error', async () => {
  const path = await blockedPath();
  await expect(openDataFolder({ path, explicit: true, guest, systemFolder })).rejects.toThrow(
    /^PARLEY_DATA_DIR=.*cannot be (used|reached)/,
  );
});

test('[DB12] The default gives way to a folder of its own in the system, and stays there', async () => {
  const path = await blockedPath();
  const warnings: string[] = [];
  const options = { path, explicit: false, guest, systemFolder };
  const standIn = await openDataFolder({ ...options, warn: (text) => warnings.push(text) });
  expect(dirname(standIn)).toBe(systemFolder);
  expect(warnings).toEqual([expect.stringContaining(`The data is in ${standIn}, for ${path}`)]);
  expect(await openDataFolder({ ...options, path: `${path}2` })).not.toBe(standIn);

  await mkdir(join(standIn, 'postgres', 'cluster'), { recursive: true });
  await chmod(dirname(path), 0o711);
  if (!isRoot) await chmod(dirname(path), 0o755);
  expect(await openDataFolder(options)).toBe(standIn);
});

test('[DB12] Where a file is in the way, or no folder can be used, the message says what to set', async () => {
  const file = join(base, 'file');
  await writeFile(file, '');
  await expect(openDataFolder({ path: file, explicit: true, guest })).rejects.toThrow(
    `PARLEY_DATA_DIR=${file} cannot be used`,
  );
  await expect(
    openDataFolder({ path: file, explicit: false, guest, systemFolder: file }),
  ).rejects.toThrow('Set PARLEY_DATA_DIR');
});

test('[DB12] A place where nothing can be made is refused, not tried for ever', async () => {
  await expect(
    openDataFolder({ path: '/proc/parley/data', explicit: true, guest }),
  ).rejects.toThrow('PARLEY_DATA_DIR=/proc/parley/data cannot be used');
});

test('[DB22] An empty folder that lets nobody in, as mktemp makes it, is opened; a full one is not', async () => {
  const empty = await mkdtemp(join(base, 'made-'));
  expect(await openDataFolder({ path: empty, explicit: true, guest })).toBe(empty);

  const full = await mkdtemp(join(base, 'private-'));
  await writeFile(join(full, 'diary'), '');
  const opening = openDataFolder({ path: full, explicit: true, guest });
  if (isRoot) await expect(opening).rejects.toThrow('cannot be reached');
  else expect(await opening).toBe(full);
  expect((await stat(full)).mode & 0o777).toBe(0o700);
});
