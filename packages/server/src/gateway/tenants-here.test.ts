import { newId } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { HeldDatabase } from '../testing/held-database.ts';
import type { Outlet } from './person.ts';
import { TenantsHere } from './tenants-here.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** The registration of each key that stands or stood, by tenant and key id. */
const registrations = new Map<string, string>();

async function givenTenant(id: string, kids: readonly string[]): Promise<void> {
  await database.sql.insertInto('tenant').values({ id, name: id }).execute();
  await register(id, kids);
}

async function register(id: string, kids: readonly string[]): Promise<void> {
  for (const kid of kids) registrations.set(`${id} ${kid}`, newId());
  await database.sql
    .insertInto('signing_key')
    .values(
      kids.map((kid) => ({
        tenant_id: id,
        kid,
        algorithm: 'HS256' as const,
        secret: Buffer.alloc(1),
        registration: registrations.get(`${id} ${kid}`) ?? '',
      })),
    )
    .execute();
}

async function takeBack(tenant: string, kid: string): Promise<void> {
  await database.sql
    .deleteFrom('signing_key')
    .where('tenant_id', '=', tenant)
    .where('kid', '=', kid)
    .execute();
  await database.sql
    .updateTable('tenant')
    .set((row) => ({ access_version: row('access_version', '+', 1) }))
    .where('id', '=', tenant)
    .execute();
}

function outlet(tenant: string, kid: string): Outlet {
  const registration = registrations.get(`${tenant} ${kid}`) ?? newId();
  const sessions = new Set([{ kid, registration, issuedAt: 0 }]);
  return { scope: { tenant, user: kid }, sessions, send: () => {}, end: () => {} };
}

function recorder() {
  const ended: [string, string][] = [];
  const end = (one: Outlet, fault: string) => ended.push([one.scope.user, fault]);
  return { ended, end };
}

test('[RV26] Keys taken back and suspensions are found by comparing, each in its own tenant', async () => {
  await givenTenant('t1', ['k1', 'k2']);
  await givenTenant('t2', ['k1', 'k2']);
  const here = new TenantsHere(new MemoryBus());
  for (const tenant of ['t1', 't2']) {
    for (const kid of ['k1', 'k2']) here.add(outlet(tenant, kid));
  }
  const { ended, end } = recorder();
  await here.compare(database.db, end);
  expect(ended).toEqual([]);
  await takeBack('t1', 'k2');
  await here.compare(database.db, end);
  expect(ended).toEqual([['k2', 'key']]);
  ended.length = 0;
  await database.sql
    .updateTable('tenant')
    .set({ access_version: 1, suspended_at: new Date() })
    .where('id', '=', 't2')
    .execute();
  await here.compare(database.db, end);
  expect(ended).toEqual([
    ['k1', 'suspended'],
    ['k2', 'suspended'],
  ]);
});

test('[AU86] A key whose id stands for another key meanwhile is found by comparing', async () => {
  await givenTenant('t5', ['k1']);
  const here = new TenantsHere(new MemoryBus());
  here.add(outlet('t5', 'k1'));
  const { ended, end } = recorder();
  await here.compare(database.db, end);
  await takeBack('t5', 'k1');
  await register('t5', ['k1']);
  await here.compare(database.db, end);
  expect(ended).toEqual([['k1', 'key']]);
});

test('[RV26] Who comes while it is compared, with a key that was not asked for, is found by the next', async () => {
  await givenTenant('t3', ['k1', 'k2']);
  const here = new TenantsHere(new MemoryBus());
  here.add(outlet('t3', 'k1'));
  await takeBack('t3', 'k2');
  const held = new HeldDatabase(database.db);
  const answer = held.hold('tenant.access_version as version');
  const { ended, end } = recorder();
  const comparing = here.compare(held, end);
  await answer.read;
  // It was looked at before the key was taken back, and is slow to arrive here.
  here.add(outlet('t3', 'k2'));
  answer.release();
  await comparing;
  await here.compare(held, end);
  expect(ended).toEqual([['k2', 'key']]);
});

test('[RV26] The access of a tenant is listened to while somebody of it is here', () => {
  const subscribed = new Set<string>();
  const bus = new MemoryBus();
  bus.subscribe = (topic) => void subscribed.add(topic);
  bus.unsubscribe = (topic) => void subscribed.delete(topic);
  const here = new TenantsHere(bus);
  const [one, two] = [outlet('t4', 'k1'), outlet('t4', 'k2')];
  here.add(one);
  here.add(two);
  here.remove(one);
  here.remove(one);
  expect([...subscribed]).toEqual(['t4:access:']);
  here.remove(two);
  expect([...subscribed]).toEqual([]);
});
