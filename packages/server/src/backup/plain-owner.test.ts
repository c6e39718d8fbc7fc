import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { DatabaseAddress } from '../db/address.ts';
import { dumpSchema } from '../db/dump-schema.ts';
import { migrate } from '../db/migrate.ts';
import { type SystemPostgres, startSystemPostgres } from '../db/testing/system-postgres.ts';
import {
  createEmptyDatabase,
  createTestDatabase,
  withSession,
} from '../db/testing/test-database.ts';
import { importTenant } from './import-tenant.ts';
import { moveInstallation } from './move-installation.ts';
import { checkBackup } from './read-backup.ts';
import { restoreBackup } from './restore-backup.ts';
import { digestTables, fillDatabase } from './testing/fill-database.ts';
import { createOwnedDatabase } from './testing/plain-owner.ts';
import { writeBackup } from './write-backup.ts';

// Processes of their own, which take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let postgres: SystemPostgres;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-plain-owner-'));
  postgres = await startSystemPostgres();
});

afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function backUp(address: DatabaseAddress, tenant?: string) {
  const target = join(folder, `${Math.random()}.backup`);
  await withSession(address, (session) =>
    writeBackup(session, { target, serverVersion: '1.2.3', ...(tenant ? { tenant } : {}) }),
  );
  return checkBackup(target);
}

/** Tables read as the superuser, whom nothing is hidden from. */
function everything(address: DatabaseAddress): DatabaseAddress {
  if (address.kind !== 'url') return address;
  const url = new URL(postgres.url);
  url.pathname = new URL(address.url).pathname;
  return { kind: 'url', url: url.href };
}

test('[CM10] From the embedded PostgreSQL to an older one whose owner is bound by policies, and back', async () => {
  await using source = await createTestDatabase();
  await using back = await createEmptyDatabase();
  const there = await createOwnedDatabase(postgres);
  await fillDatabase(source.address);
  await restoreBackup(there, await backUp(source.address));
  const digests = await digestTables(source.address);
  expect(await digestTables(everything(there))).toEqual(digests);
  await restoreBackup(back.address, await backUp(there));
  expect(await digestTables(back.address)).toEqual(digests);
  const [before, after] = [source.address, back.address];
  expect(await withSession(after, dumpSchema)).toBe(await withSession(before, dumpSchema));
  expect(await withSession(there, dumpSchema)).toBe(await withSession(before, dumpSchema));
});

test('[CM9] Such an owner replaces an installation as well', async () => {
  const there = await createOwnedDatabase(postgres);
  await migrate(there);
  await fillDatabase(everything(there), 10);
  const backup = await backUp(there);
  await expect(restoreBackup(there, backup)).rejects.toThrow('--replace');
  const before = await digestTables(everything(there));
  await withSession(everything(there), (session) =>
    session.query('update tenant set name = $1', ['x']),
  );
  await restoreBackup(there, backup, { replace: true });
  expect(await digestTables(everything(there))).toEqual(before);
});

test('[CM10] An installation moves to such a database, and on from there', async () => {
  await using source = await createTestDatabase();
  await using back = await createEmptyDatabase();
  const there = await createOwnedDatabase(postgres);
  await fillDatabase(source.address);
  await moveInstallation(source.address, there, { rowsPerStep: 100 });
  const digests = await digestTables(source.address);
  expect(await digestTables(everything(there))).toEqual(digests);
  expect(await migrate(there)).toEqual([]);
  await moveInstallation(there, back.address, { rowsPerStep: 100 });
  expect(await digestTables(back.address)).toEqual(digests);
  expect(await withSession(back.address, dumpSchema)).toBe(
    await withSession(source.address, dumpSchema),
  );
});

test('[CM13] One tenant goes to another installation, and nothing else with it', async () => {
  await using source = await createTestDatabase();
  await fillDatabase(source.address, 50);
  const there = await createOwnedDatabase(postgres);
  await migrate(there);
  await withSession(there, (session) =>
    session.query("update installation set key_fingerprint = '\\x0102'"),
  );
  const backup = await backUp(source.address, 'acme');
  expect(backup.manifest).toMatchObject({ kind: 'tenant', tenant: 'acme', keys: [] });
  await importTenant(there, backup);
  await withSession(source.address, async (session) => {
    // What is left of the source is what was exported.
    for (const { name } of backup.manifest.tables.toReversed()) {
      const column = name === 'tenant' ? 'id' : 'tenant_id';
      await session.query(`delete from ${name} where ${column} <> 'acme'`);
    }
  });
  expect(await digestTables(everything(there))).toEqual(await digestTables(source.address));
  await expect(importTenant(there, backup)).rejects.toThrow('already');
});

test('[CM13] A tenant is not added under another key, or to another schema', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await fillDatabase(source.address, 5);
  const backup = await backUp(source.address, 'acme');
  await expect(importTenant(target.address, backup)).rejects.toThrow('PARLEY_SECRET_KEY');
  await withSession(target.address, (session) =>
    session.query("insert into migration (number, name, breaking) values (99, 'more', false)"),
  );
  await expect(importTenant(target.address, backup)).rejects.toThrow('one version');
});
