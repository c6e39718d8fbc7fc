import { conversationTopic, userTopic } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { createTestPeople, type TestPeople } from './testing/test-people.ts';
import { upsertUsers } from './upsert-users.ts';
import type { UserProfile } from './user-record.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

function put(tenant: TestPeople, profiles: readonly UserProfile[]) {
  return upsertUsers({ db: database.db, bus: tenant.bus }, tenant.tenant, profiles);
}

async function names(tenant: TestPeople): Promise<Record<string, string>> {
  const rows = await database.sql
    .selectFrom('app_user')
    .select(['id', 'name'])
    .where('tenant_id', '=', tenant.tenant)
    .execute();
  return Object.fromEntries(rows.map((row) => [row.id, row.name]));
}

test('[RV40] Many are made and changed by one call, answered in the order given', async () => {
  const tenant = await createTestPeople(database);
  await put(tenant, [{ id: 'bob', name: 'Bob', email: 'b@x.test', role: 'admin' }]);
  const records = await put(tenant, [
    { id: 'zoe', name: 'Zoe', locale: 'en' },
    { id: 'bob', name: 'Robert' },
    { id: 'ann', name: 'Ann', email: null },
  ]);
  expect(records).toMatchObject([
    { id: 'zoe', name: 'Zoe', locale: 'en', role: 'member' },
    { id: 'bob', name: 'Robert', email: 'b@x.test', role: 'admin' },
    { id: 'ann', name: 'Ann', email: null },
  ]);
});

test('[RV40] One that cannot be stored leaves all as they were', async () => {
  const tenant = await createTestPeople(database);
  await put(tenant, [{ id: 'ann', name: 'Ann' }]);
  const twice = put(tenant, [
    { id: 'ann', name: 'Changed' },
    { id: 'bob', name: 'Bob' },
    { id: 'ann', name: 'Changed again' },
  ]);
  await expect(twice).rejects.toMatchObject({ code: 'bad_request', field: 'users.2.id' });
  // What no door lets through: it fails in the middle of the writing.
  await expect(
    put(tenant, [
      { id: 'ann', name: 'Changed' },
      { id: 'bob', name: 'a\u0000b' },
    ]),
  ).rejects.toThrow();
  expect(await names(tenant)).toEqual({ ann: 'Ann' });
});

test('[RV40] Calls with the same people at once do not wait for each other for ever', async () => {
  const tenant = await createTestPeople(database);
  const people = Array.from({ length: 200 }, (_, n) => `p${n}`);
  const rounds = Array.from({ length: 8 }, (_, round) => {
    const order = round % 2 === 0 ? people : [...people].reverse();
    return put(
      tenant,
      order.map((id) => ({ id, name: `${id} of round ${round}` })),
    );
  });
  const answers = await Promise.all(rounds);
  expect(answers.map((one) => one.length)).toEqual(rounds.map(() => 200));
  expect(
    new Set(Object.values(await names(tenant)).map((name) => name.split(' ').at(-1))).size,
  ).toBe(1);
});

test('[RV40] New names are told once for each conversation and person, by one publication a topic', async () => {
  const tenant = await createTestPeople(database);
  await tenant.add({ ann: 'Ann', bob: 'Bob', cy: 'Cy' });
  const group = conversationTopic(tenant.tenant, await tenant.group('ann', ['bob', 'cy']));
  const heard: [string, number][] = [];
  for (const topic of [group, userTopic(tenant.tenant, 'ann'), userTopic(tenant.tenant, 'cy')]) {
    tenant.bus.subscribe(topic);
  }
  tenant.bus.onMessage((topic, messages: readonly BusMessage[]) => {
    heard.push([topic, messages.length]);
  });
  await put(tenant, [
    { id: 'ann', name: 'Anna' },
    { id: 'bob', name: 'Robert' },
    { id: 'cy', name: 'Cy' },
  ]);
  expect(heard.sort()).toEqual([
    [group, 2],
    [userTopic(tenant.tenant, 'ann'), 1],
  ]);
});
