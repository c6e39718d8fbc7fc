import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenGroups, givenPeople } from '../testing/given.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { Memberships } from './memberships.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

test('[LI15] A tenant whose people are in very many conversations does not hold up another', async () => {
  const [busy, other] = [await server.tenant(['ann']), await server.tenant(['bob'])];
  await givenGroups(server, busy, 'ann', 2_000);
  const people = await givenPeople(server, busy, 100);
  const memberships = new Memberships(server.database.db);
  expect((await memberships.read({ tenant: busy.id, user: 'ann' })).heads).toHaveLength(2_000);

  const answered: string[] = [];
  const ask = async (tenant: string, user: string) => {
    await memberships.read({ tenant, user });
    answered.push(user);
  };
  await Promise.all([...people.map((user) => ask(busy.id, user)), ask(other.id, 'bob')]);
  expect(answered).toHaveLength(101);
  expect(answered.indexOf('bob')).toBeLessThan(50);
});
