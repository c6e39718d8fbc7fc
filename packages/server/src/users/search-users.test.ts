import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { getUsers } from './get-users.ts';
import { searchUsers } from './search-users.ts';
import { createTestPeople, type TestPeople } from './testing/test-people.ts';

let database: TestDatabase;
let tenant: TestPeople;

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await createTestPeople(database);
  await tenant.add({
    me: 'Ann Searcher',
    u1: 'Anna Berg',
    u2: 'Johanna Smith',
    u3: 'Mia Ann Lee',
    'ann-7': 'Zoe',
    u4: 'ÄRNE Öst',
    u5: '100% Sure',
    u6: 'under_score',
    u7: 'back\\slash',
    u8: '田中 さくら',
    u9: 'Ann Gone',
    'Ölaf-1': 'Nick',
  });
  await tenant.deactivate('u9');
});

afterAll(() => database.drop());

async function found(text: string, limit?: number): Promise<string[]> {
  const input = limit === undefined ? { text } : { text, limit };
  const { users } = await searchUsers(tenant.as('me'), input);
  return users.map(({ id }) => id);
}

test('[AU32] Search knows names and ids, beginnings first, without me and the deactivated', async () => {
  expect(await found('ann')).toEqual(['u1', 'ann-7', 'u3', 'u2']);
});

test('[AU32] Case does not count, spaces around do not either', async () => {
  expect(await found(' ANNA ')).toEqual(['u1', 'u2']);
  expect(await found('ärne ö')).toEqual(['u4']);
  expect(await found('さくら')).toEqual(['u8']);
  expect(await found('ANN-7')).toEqual(['ann-7']);
  expect(await found('öLAF')).toEqual(['Ölaf-1']);
});

test.each([
  ['%', ['u5']],
  ['_', ['u6']],
  ['\\', ['u7']],
  ['0%', ['u5']],
  ['r_s', ['u6']],
  ['a%a', []],
  ['%%', []],
])('[AU32] What is typed is text and no pattern: %s', async (text, ids) => {
  expect(await found(text)).toEqual(ids);
});

test('[AU32] An empty text lists people by name, as many as asked for', async () => {
  expect(await found('', 3)).toEqual(['u5', 'u1', 'u7']);
  expect(await found('')).toHaveLength(10);
});

test('[AU33] People are got in the order asked for, once, unknown ones absent', async () => {
  const asked = { users: ['u9', 'nobody', 'u1', 'u9', 'me'] };
  const { users } = await getUsers(tenant.as('me'), asked);
  expect(users).toMatchObject([
    { id: 'u9', name: 'Ann Gone', avatar_url: null },
    { id: 'u1', name: 'Anna Berg', avatar_url: null },
    { id: 'me', name: 'Ann Searcher', avatar_url: null },
  ]);
});
