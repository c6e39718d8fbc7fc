import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { DatabaseAddress } from '../db/address.ts';
import { dumpSchema } from '../db/dump-schema.ts';
import { migrate } from '../db/migrate.ts';
import {
  createEmptyDatabase,
  createTestDatabase,
  withSession,
} from '../db/testing/test-database.ts';
import { moveInstallation } from './move-installation.ts';
import { digestTables, epochOf, fillDatabase } from './testing/fill-database.ts';

// Processes of their own, which take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

test('[CM20] A move copies every row, compares them, and keeps the epoch', async () => {
  await using source = await createTestDatabase();
  await using target = await createEmptyDatabase();
  await fillDatabase(source.address);
  const digests = await digestTables(source.address);
  const moved = await moveInstallation(source.address, target.address, { rowsPerStep: 70 });
  expect(moved.found).toBe(0);
  expect(await digestTables(target.address)).toEqual(digests);
  expect(await digestTables(source.address)).toEqual(digests);
  expect(await epochOf(target.address)).toBe(await epochOf(source.address));
  expect(await withSession(target.address, dumpSchema)).toBe(
    await withSession(source.address, dumpSchema),
  );
  expect(await migrate(target.address)).toEqual([]);
});

test('[CM21] After kill -9 it goes on; meanwhile no server starts on the target', async () => {
  await using source = await createTestDatabase();
  await using target = await createEmptyDatabase();
  await fillDatabase(source.address, 2_000);
  await killMidway(source.address, target.address, 40);
  await expect(migrate(target.address)).rejects.toThrow('A move into');

  // The source has gone on: what was copied is no longer all of it, nor all right.
  await withSession(source.address, async (session) => {
    await session.query("update message set body = 'edited' where seq % 50 = 1");
    await session.query('delete from message where seq = 3');
    await session.query("update app_user set name = 'Renamed'");
  });
  const moved = await moveInstallation(source.address, target.address, { rowsPerStep: 100 });
  expect(moved.found).toBeGreaterThan(0);
  expect(moved.found).toBeLessThan(moved.rows);
  expect(await digestTables(target.address)).toEqual(await digestTables(source.address));
  expect(await withSession(target.address, dumpSchema)).toBe(
    await withSession(source.address, dumpSchema),
  );
});

test('[CM22] What differs at the end keeps servers out', async () => {
  await using source = await createTestDatabase();
  await using target = await createEmptyDatabase();
  await fillDatabase(source.address, 100);
  await killMidway(source.address, target.address, 1);
  // People are copied before keys are, and not looked at again until the end.
  await withSession(target.address, (session) =>
    session.query(`
      create function spoil() returns trigger language plpgsql as
        $$ begin update app_user set name = 'spoilt' where id = 'ann'; return new; end $$;
      create trigger spoil after insert on signing_key execute function spoil()`),
  );
  const moving = moveInstallation(source.address, target.address);
  await expect(moving).rejects.toThrow('The table "app_user" has 8 rows here and 8 there');
  await expect(migrate(target.address)).rejects.toThrow('not finished');
  await withSession(target.address, (session) => session.query('drop function spoil cascade'));
  await moveInstallation(source.address, target.address);
  expect(await digestTables(target.address)).toEqual(await digestTables(source.address));
});

test('[CM23] A target that holds an installation is refused', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await fillDatabase(source.address, 10);
  await fillDatabase(target.address, 5);
  const before = await digestTables(target.address);
  await expect(moveInstallation(source.address, target.address)).rejects.toThrow('already');
  expect(await digestTables(target.address)).toEqual(before);
});

/** Moves in a process of its own, which is killed at some step with messages. */
async function killMidway(from: DatabaseAddress, to: DatabaseAddress, at: number): Promise<void> {
  const child = fork(join(import.meta.dirname, 'testing', 'move-child.ts'), [
    JSON.stringify({ from, to, rowsPerStep: 100 }),
  ]);
  const exited = once(child, 'exit');
  let steps = 0;
  child.on('message', (table) => {
    if (table === 'message') steps += 1;
    if (steps === at) child.kill('SIGKILL');
  });
  expect((await exited)[1]).toBe('SIGKILL');
}
