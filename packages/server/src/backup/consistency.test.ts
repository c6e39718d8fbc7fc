import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@parley/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { migrate } from '../db/migrate.ts';
import { migrationsFolder } from '../db/migration-files.ts';
import {
  createEmptyDatabase,
  createTestDatabase,
  withSession,
} from '../db/testing/test-database.ts';
import { startTestServer } from '../testing/test-server.ts';
import { checkBackup } from './read-backup.ts';
import { restoreBackup } from './restore-backup.ts';
import { openSnapshot } from './snapshot.ts';
import { digestTables, fillDatabase } from './testing/fill-database.ts';
import { holesIn } from './testing/holes-in.ts';
import { writeBackup } from './write-backup.ts';

// Processes of their own, which take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-consistency-'));
});

afterAll(() => rm(folder, { recursive: true }));

test('[CM2] A backup is of one moment while people go on: nothing has a hole, nothing dangles', async () => {
  await using server = await startTestServer();
  await using target = await createEmptyDatabase();
  const tenant = await server.tenant(['ann', 'bob', 'cy']);
  const ann = await tenant.connect('ann');
  let isOver = false;
  let sent = 0;
  const talking = (async () => {
    while (!isOver) {
      const { conversation } = await ann.ask('conversation.create', {
        kind: 'group',
        name: 'g',
        members: ['bob'],
      });
      for (let i = 0; i < 20; i += 1) {
        await ann.ask('message.send', {
          conversation: conversation.id,
          message: { id: newId(), body: `${i}` },
        });
        sent += 1;
      }
      await ann.ask('member.add', { conversation: conversation.id, users: ['cy'] });
      await ann.ask('member.remove', { conversation: conversation.id, user: 'cy' });
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    const before = sent;
    while (sent < before + 40) await new Promise((resolve) => setImmediate(resolve));
    const file = join(folder, `${round}.backup`);
    await withSession(server.database.address, (session) =>
      writeBackup(session, { target: file, serverVersion: '' }),
    );
    const restored = await restoreBackup(target.address, await checkBackup(file), {
      replace: true,
    });
    expect(restored.epoch).not.toBe('');
    const found = await holesIn(target.address);
    expect(found.holes).toEqual([]);
    expect(found.messages).toBeGreaterThanOrEqual(before);
  }
  isOver = true;
  await talking;
});

test('[CM14] A version that migrates waits for a backup, and holds nobody up meanwhile', async () => {
  await using source = await createTestDatabase();
  await fillDatabase(source.address, 20);
  const newer = join(folder, 'newer');
  await cp(migrationsFolder, newer, { recursive: true });
  const next = (await readdir(newer)).length + 1;
  const file = `${String(next).padStart(4, '0')}_later.sql`;
  await writeFile(join(newer, file), 'alter table message add column later integer');
  const said: string[] = [];
  let migrated: Promise<number[]> | undefined;
  await withSession(source.address, async (session) => {
    const snapshot = await openSnapshot(session);
    migrated = migrate(source.address, { folder: newer, warn: (text) => said.push(text) });
    await vi.waitFor(() => expect(said).toHaveLength(1), 5_000);
    await withSession(source.address, async (writer) => {
      await writer.query("set lock_timeout = '1s'");
      await writer.query("update message set body = 'written meanwhile' where seq = 1");
      // Nor one that starts and has nothing to migrate.
      expect(await migrate(source.address)).toEqual([]);
    });
    expect(snapshot.tables.length).toBeGreaterThan(0);
  });
  expect(await migrated).toEqual([next]);
  expect(said).toEqual([expect.stringContaining('A backup')]);
});

test('[CM6] Restoring that is killed leaves what was there; run again it works', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await fillDatabase(source.address, 1_000);
  await fillDatabase(target.address, 10);
  const file = join(folder, 'killed.backup');
  await withSession(source.address, (session) =>
    writeBackup(session, { target: file, serverVersion: '' }),
  );
  const before = await digestTables(target.address);
  for (const stage of ['Loading message', 'Loading signing_key', 'Building indexes']) {
    const child = fork(join(import.meta.dirname, 'testing', 'restore-child.ts'), [
      JSON.stringify({ file, to: target.address }),
    ]);
    const exited = once(child, 'exit');
    child.on('message', (said) => {
      if (said === stage) child.kill('SIGKILL');
    });
    expect((await exited)[1], stage).toBe('SIGKILL');
    expect(await digestTables(target.address), stage).toEqual(before);
  }
  await restoreBackup(target.address, await checkBackup(file), { replace: true });
  expect(await digestTables(target.address)).toEqual(await digestTables(source.address));
});
