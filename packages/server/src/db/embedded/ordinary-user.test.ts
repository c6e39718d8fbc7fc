import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EmbeddedServer, postmasterOf } from '../testing/embedded-server.ts';
import { copyReadableChild } from '../testing/readable-child.ts';
import { withSession } from '../testing/test-database.ts';
import { chooseOwner } from './owner.ts';
import { startEmbedded } from './start-embedded.ts';

// Making a cluster writes and syncs a thousand files, which a busy machine takes its time for.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// Root's run becomes `nobody` here; an ordinary user's run is one already.
const isRoot = process.getuid?.() === 0;
let folder = '';
let child = '';
let uid = 0;

beforeAll(async () => {
  ({ uid } = await chooseOwner('/nonexistent/postgres/cluster', () => {}, ['nobody']));
  ({ folder, child } = await copyReadableChild());
  await chmod(folder, 0o755);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function dataFolder(name: string): Promise<string> {
  const dataDir = join(folder, name);
  await mkdir(dataDir);
  if (isRoot) await chown(dataDir, uid, uid);
  return dataDir;
}

function serve(dataDir: string, as = uid): Promise<EmbeddedServer> {
  return EmbeddedServer.start({ dataDir, ...(isRoot ? { as: { uid: as, child } } : {}) });
}

test('[DB19] As an ordinary user it starts, survives kill -9, and is taken over', async () => {
  const dataDir = await dataFolder('taken-over');
  const first = await serve(dataDir);
  const pid = await postmasterOf(dataDir);
  expect((await stat(`/proc/${pid}`)).uid).toBe(uid);
  await first.kill();
  const second = await serve(dataDir);
  expect(await postmasterOf(dataDir)).toBe(pid);
  process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => postmasterOf(dataDir).catch(() => pid), { timeout: 30_000 })
    .not.toBe(pid);
  await expect
    .poll(
      () =>
        withSession(second.address, (session) => session.query('select 1 as one')).then(
          ({ rows }) => rows,
          () => [],
        ),
      { timeout: 30_000 },
    )
    .toEqual([{ one: 1 }]);
  await second.stop();
});

test('[DB18] A socket folder that somebody else prepared in the temp folder is refused', async () => {
  const long = await dataFolder('a-long-name-'.repeat(8));
  const first = await startEmbedded({ dataDir: long });
  if (first.address.kind !== 'socket') throw new Error('Not embedded.');
  const socketFolder = first.address.folder;
  await first.stop();
  await mkdir(socketFolder, { mode: 0o777 });
  await writeFile(join(socketFolder, 'trap'), '');
  await expect(startEmbedded({ dataDir: long })).rejects.toThrow(
    /should be a folder of the user .* with mode 0700/,
  );
  expect(await readFile(join(socketFolder, 'trap'), 'utf8')).toBe('');
  await rm(socketFolder, { recursive: true });
});

test('[DB19] A strict umask does not lock PostgreSQL out of its binaries', async () => {
  const before = process.umask(0o077);
  try {
    const dataDir = join(folder, 'strict');
    await mkdir(dataDir);
    await chmod(dataDir, 0o711);
    await (await startEmbedded({ dataDir })).stop();
  } finally {
    process.umask(before);
  }
});

// What root does can be tried as root alone.
if (isRoot) {
  test('[DB19] Root takes over what an ordinary user left, and PostgreSQL stays that user’s', async () => {
    const dataDir = await dataFolder('inherited');
    const theirs = await serve(dataDir);
    await theirs.kill();
    const pid = await postmasterOf(dataDir);
    const ours = await startEmbedded({ dataDir });
    expect(await postmasterOf(dataDir)).toBe(pid);
    await ours.stop();
    const again = await startEmbedded({ dataDir });
    expect((await stat(`/proc/${await postmasterOf(dataDir)}`)).uid).toBe(uid);
    await again.stop();
  });

  test('A user without a name is told to be one that has it', async () => {
    const dataDir = await dataFolder('nameless');
    await chown(dataDir, 54321, 54321);
    await expect(serve(dataDir, 54321)).rejects.toThrow('uid 54321 has none in /etc/passwd');
  });
}
