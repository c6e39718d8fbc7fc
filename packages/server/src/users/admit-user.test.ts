import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { admitUser } from './admit-user.ts';
import { createTestPeople, type TestPeople } from './testing/test-people.ts';
import { upsertUser } from './upsert-user.ts';

let database: TestDatabase;
let tenant: TestPeople;

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await createTestPeople(database);
});

afterAll(() => database.drop());

test('[AU34] Somebody unknown becomes a user, named by the token or else by the id', async () => {
  expect(await admitUser(tenant.as('alice'), { name: 'Alice' })).toEqual({
    user: {
      id: 'alice',
      name: 'Alice',
      avatar_url: null,
      updated_at: expect.stringMatching(/^\d{4}-.*T.*\.\d{3}Z$/),
    },
    me: 0,
    role: 'member',
  });
  expect((await admitUser(tenant.as('bob'), {})).user.name).toBe('bob');
});

test('[AU34] A later token does not rename, so that an old one cannot undo a new name', async () => {
  await admitUser(tenant.as('carol'), { name: 'Carol' });
  const { db } = database;
  const profile = { id: 'carol', name: 'Carol Two', avatar_url: 'https://x.test/c.png' };
  await upsertUser({ db, bus: tenant.bus }, tenant.tenant, profile);
  expect((await admitUser(tenant.as('carol'), { name: 'Carol' })).user).toMatchObject(profile);
});

test('[AU34] `me` counts what happened to the person', async () => {
  await tenant.add({ dan: 'Dan', eve: 'Eve' });
  await tenant.group('dan', ['eve']);
  expect((await admitUser(tenant.as('eve'), {})).me).toBe(1);
});

test('[AU34] Who arrives on many connections at once becomes one user', async () => {
  const admitted = await Promise.all(
    Array.from({ length: 20 }, () => admitUser(tenant.as('frank'), { name: 'Frank' })),
  );
  expect(new Set(admitted.map(({ user }) => user.name))).toEqual(new Set(['Frank']));
});

test('[AU35] The deactivated are refused, and are not made again', async () => {
  await tenant.add({ gone: 'Gone' });
  await tenant.deactivate('gone');
  await expect(admitUser(tenant.as('gone'), { name: 'Back' })).rejects.toMatchObject({
    code: 'unauthorized',
  });
});
