import { expect, test } from 'vitest';
import { createTestDatabase, withSession } from './test-database.ts';

test('A test database is migrated, empty, and its own', async () => {
  await using one = await createTestDatabase();
  await using two = await createTestDatabase();
  await one.sql.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
  expect(await two.sql.selectFrom('tenant').select('id').execute()).toEqual([]);
  expect(await one.sql.selectFrom('tenant').select('id').execute()).toEqual([{ id: 'acme' }]);
});

test('A test database runs with fsync, as in production', async () => {
  await using test = await createTestDatabase();
  const { rows } = await withSession(test.address, (session) => session.query('show fsync'));
  expect(rows).toEqual([{ fsync: 'on' }]);
});

test('A connection that a test leaves open fails it', async () => {
  const test = await createTestDatabase();
  await withSession(test.address, async () => {
    await expect(test.drop()).rejects.toThrow('left connections to its database open');
  });
  await test.drop();
});
