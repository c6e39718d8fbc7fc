import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leaveConversation } from '../conversations/leave-conversation.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { getUsers } from './get-users.ts';
import { searchUsers } from './search-users.ts';
import { createTestPeople, type TestPeople } from './testing/test-people.ts';
import { visibleUsers } from './visible-users.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

const people = { alice: 'Alice', bob: 'Bob', carol: 'Carol', dave: 'Dave', eve: 'Eve' };
const everybody = Object.keys(people);

/** Alice shares a group with Bob, had one with Dave that Dave left, and none with the others. */
async function neighbours(directory?: 'all' | 'shared' | 'none'): Promise<TestPeople> {
  const tenant = await createTestPeople(database, directory === undefined ? {} : { directory });
  await tenant.add(people);
  await tenant.group('alice', ['bob']);
  await tenant.group('bob', ['carol']);
  const left = await tenant.group('alice', ['dave']);
  await leaveConversation(tenant.as('dave'), { conversation: left });
  return tenant;
}

async function seenByAlice(tenant: TestPeople): Promise<Record<string, string[]>> {
  const alice = tenant.as('alice');
  const searched = await searchUsers(alice, { text: '' });
  const got = await getUsers(alice, { users: everybody });
  return {
    search: searched.users.map(({ id }) => id),
    get: got.users.map(({ id }) => id),
    visible: [...(await visibleUsers(alice, everybody))].sort(),
  };
}

describe('The directory of a tenant', () => {
  test.each([undefined, 'all'] as const)(
    '[AU30] shows everybody when it is %s',
    async (setting) => {
      expect(await seenByAlice(await neighbours(setting))).toEqual({
        search: ['bob', 'carol', 'dave', 'eve'],
        get: everybody,
        visible: everybody,
      });
    },
  );

  test('[AU30] shows who shares a conversation now when it is `shared`', async () => {
    expect(await seenByAlice(await neighbours('shared'))).toEqual({
      search: ['bob'],
      get: ['alice', 'bob'],
      visible: ['alice', 'bob'],
    });
  });

  test('[AU30] shows nobody when it is `none`; those in a conversation still see each other', async () => {
    expect(await seenByAlice(await neighbours('none'))).toEqual({
      search: [],
      get: ['alice'],
      visible: ['alice', 'bob'],
    });
  });

  test('[AU31] never reaches into another tenant', async () => {
    const mine = await createTestPeople(database);
    await mine.add({ alice: 'Alice' });
    const other = await neighbours();
    await other.add({ mallory: 'Mallory of the other tenant' });
    const alice = mine.as('alice');
    expect(await searchUsers(alice, { text: '' })).toEqual({ users: [] });
    expect(await getUsers(alice, { users: ['mallory', 'bob'] })).toEqual({ users: [] });
    expect(await visibleUsers(alice, ['mallory', 'bob'])).toEqual(new Set());
  });
});
