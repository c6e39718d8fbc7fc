import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { createTenant } from '../tenants/create-tenant.ts';
import { SigningKeys } from './signing-keys.ts';

let database: TestDatabase;
let clock = 1_000_000;
let keys: SigningKeys;

beforeAll(async () => {
  database = await createTestDatabase();
  keys = new SigningKeys({
    db: database.db,
    secretKey: randomBytes(32),
    now: () => clock,
  });
});

afterAll(() => database.drop());

test('[AU14] A key that was removed verifies no longer than half a minute', async () => {
  const { kid } = await createTenant({ db: database.db, keys }, { id: 'gone', name: 'Gone' });
  expect(await keys.find('gone', kid)).toMatchObject({ kid, algorithm: 'HS256' });
  await database.sql.deleteFrom('signing_key').where('tenant_id', '=', 'gone').execute();
  expect(await keys.find('gone', kid)).toBeDefined();
  clock += 30_000;
  expect(await keys.find('gone', kid)).toBeUndefined();
});

test('[AU14] A key that this node took back verifies nothing more', async () => {
  const { kid } = await createTenant({ db: database.db, keys }, { id: 'quick', name: 'Quick' });
  expect(await keys.find('quick', kid)).toBeDefined();
  await database.sql.deleteFrom('signing_key').where('tenant_id', '=', 'quick').execute();
  keys.forget('quick', kid);
  expect(await keys.find('quick', kid)).toBeUndefined();
});

test('[AU14] A look-up that was under way when a key was taken back is not kept', async () => {
  const { kid } = await createTenant({ db: database.db, keys }, { id: 'racy', name: 'Racy' });
  // The look-up may find the key, since it began before.
  const early = keys.find('racy', kid);
  keys.forget('racy', kid);
  await early;
  await database.sql.deleteFrom('signing_key').where('tenant_id', '=', 'racy').execute();
  expect(await keys.find('racy', kid)).toBeUndefined();
});

test('[AU14] A key id that was unknown a moment ago is found as soon as it exists', async () => {
  expect(await keys.find('late', 'abcdefghijkl')).toBeUndefined();
  const { kid } = await createTenant({ db: database.db, keys }, { id: 'late', name: 'Late' });
  expect(await keys.find('late', kid)).toBeDefined();
});

test('[AU14] Look-ups of one key at one time are one query', async () => {
  const { kid } = await createTenant({ db: database.db, keys }, { id: 'storm', name: 'Storm' });
  const found = await Promise.all(Array.from({ length: 50 }, () => keys.find('storm', kid)));
  expect(new Set(found).size).toBe(1);
});

test('[AU12] The newest signing key signs', async () => {
  const { db } = database;
  await createTenant({ db, keys }, { id: 'rotated', name: 'Rotated' });
  const next = keys.generate('rotated');
  await database.sql
    .insertInto('signing_key')
    .values({
      tenant_id: 'rotated',
      kid: next.kid,
      algorithm: next.algorithm,
      secret: next.sealed,
      created_at: new Date(Date.now() + 60_000),
    })
    .execute();
  expect((await keys.newest('rotated'))?.kid).toBe(next.kid);
  expect(await keys.newest('nobody')).toBeUndefined();
});
