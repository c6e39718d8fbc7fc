import { expect, test } from 'vitest';
import { createTestDatabase } from '../db/testing/test-database.ts';
import { TenantSettingsCache } from './tenant-settings.ts';

test('[AU22] Settings are at most five seconds old, and an unknown tenant has none', async () => {
  await using database = await createTestDatabase();
  const { db } = database;
  let clock = 0;
  const settings = new TenantSettingsCache({ db, now: () => clock });
  const origin = 'https://acme.test';
  await database.sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
  expect(await settings.of('acme')).toEqual({});
  expect(await settings.of('nobody')).toEqual({});
  expect(await settings.someTenantLists(origin)).toBe(false);

  const listed = { directory: 'none', allowed_origins: [origin] };
  await database.sql
    .updateTable('tenant')
    .set({ settings: JSON.stringify(listed) })
    .where('id', '=', 'acme')
    .execute();
  clock += 4_999;
  expect(await settings.of('acme')).toEqual({});
  clock += 1;
  expect(await settings.of('acme')).toEqual(listed);
  expect(await settings.someTenantLists(origin)).toBe(true);
  expect(await settings.someTenantLists('https://acme.test.evil.test')).toBe(false);
});
