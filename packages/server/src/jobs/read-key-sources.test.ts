import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { createTenant } from '../tenants/create-tenant.ts';
import { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import { type KeySetServer, startKeySetServer } from '../testing/key-set-server.ts';
import { createKeySource } from '../tokens/create-key-source.ts';
import type { SourceContext } from '../tokens/read-key-source.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { testPair } from '../tokens/testing/key-pair.ts';
import { KeySourceJob } from './read-key-sources.ts';

const minute = 60_000;
const pair = testPair('EdDSA');

let database: TestDatabase;
let published: KeySetServer;
let keys: SigningKeys;
let clock = Date.now();
let tenants = 0;
let errors: unknown[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  published = await startKeySetServer();
  const { db } = database;
  keys = new SigningKeys({ db, secretKey: randomBytes(32), now: () => clock });
});

beforeEach(async () => {
  errors = [];
  published.publish([]);
  await database.sql.deleteFrom('signing_key').where('source_id', 'is not', null).execute();
  await database.sql.deleteFrom('key_source').execute();
});

afterAll(async () => {
  await published[Symbol.asyncDispose]();
  await database.drop();
});

function contextOf(tenant: string): SourceContext {
  const { db } = database;
  return {
    tenant,
    actor: { kind: 'system' },
    db: db.of(tenant),
    bus: new MemoryBus(),
    keys,
    settings: new TenantSettingsCache({ db, now: () => clock }),
    outbound: published.outbound,
    now: () => clock,
  };
}

function newJob(): KeySourceJob {
  const onError = (error: unknown) => errors.push(error);
  return new KeySourceJob({ db: database.db, contextOf, now: () => clock, onError });
}

/** A tenant with a source that was read just now. */
async function tenantWithSource(): Promise<string> {
  const id = `t-${++tenants}`;
  await createTenant({ db: database.db, keys }, { id, name: id });
  await createKeySource(contextOf(id), `${published.url}?${id}`);
  return id;
}

async function kids(tenant: string): Promise<string[]> {
  const rows = await database.sql
    .selectFrom('signing_key')
    .select('kid')
    .where('tenant_id', '=', tenant)
    .where('source_id', 'is not', null)
    .execute();
  return rows.map(({ kid }) => kid);
}

test('[AU66] Sources are read by themselves when five minutes have passed', async () => {
  const [first, second] = [await tenantWithSource(), await tenantWithSource()];
  published.publish([{ ...pair.jwk, kid: 'new' }]);
  const job = newJob();
  clock += 5 * minute - 1;
  await job.run();
  expect(await kids(first)).toEqual([]);
  clock += 1;
  await job.run();
  expect(await kids(first)).toEqual(['new']);
  expect(await kids(second)).toEqual(['new']);

  published.publish([]);
  clock += 5 * minute;
  await job.run();
  expect(await kids(first)).toEqual([]);
  await job.close();
  expect(errors).toEqual([]);
});

test('[AU69] Of several nodes, one reads a source that is due', async () => {
  const made: string[] = [];
  for (let count = 0; count < 40; count++) made.push(await tenantWithSource());
  published.publish([{ ...pair.jwk, kid: 'new' }]);
  clock += 5 * minute;
  const asked = published.asked();
  const jobs = [newJob(), newJob(), newJob()];
  await Promise.all(jobs.map((job) => job.run()));
  await Promise.all(jobs.map((job) => job.close()));
  expect(published.asked() - asked).toBe(made.length);
  for (const tenant of made) expect(await kids(tenant)).toEqual(['new']);
  expect(errors).toEqual([]);
});

test('[AU69] A source that fails holds up no other', async () => {
  const [bad, good] = [await tenantWithSource(), await tenantWithSource()];
  published.answer((request, response) => {
    if (request.url?.endsWith(`?${bad}`)) {
      response.writeHead(500).end();
    } else {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ keys: [{ ...pair.jwk, kid: 'good' }] }));
    }
  });
  clock += 5 * minute;
  const job = newJob();
  await job.run();
  await job.close();
  expect(await kids(good)).toEqual(['good']);
  expect(errors).toEqual([]);
});

test("[AU69] A suspended tenant's sources are not read", async () => {
  const tenant = await tenantWithSource();
  await database.sql
    .updateTable('tenant')
    .set({ suspended_at: new Date() })
    .where('id', '=', tenant)
    .execute();
  const asked = published.asked();
  clock += 5 * minute;
  const job = newJob();
  await job.run();
  expect(published.asked()).toBe(asked);
  await database.sql
    .updateTable('tenant')
    .set({ suspended_at: null })
    .where('id', '=', tenant)
    .execute();
  clock += 5 * minute;
  await job.run();
  await job.close();
  expect(published.asked()).toBe(asked + 1);
});

test('[AU69] A job that is closed reads nothing more, and waits for what it reads', async () => {
  for (let count = 0; count < 20; count++) await tenantWithSource();
  let arrived = () => {};
  const there = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const waiting: (() => void)[] = [];
  published.answer((_, response) => {
    waiting.push(() => response.writeHead(503).end());
    if (waiting.length === 8) arrived();
  });
  clock += 5 * minute;
  const asked = published.asked();
  const job = newJob();
  const running = job.run();
  await there;
  const closed = job.close();
  for (const answer of waiting) answer();
  await Promise.all([closed, running]);
  expect(published.asked() - asked).toBe(8);
  expect(errors).toEqual([]);
});

test('[AU69] A database that is away is told to the log, and the next run goes on', async () => {
  await using other = await createTestDatabase();
  await other.db.close();
  const onError = (error: unknown) => errors.push(error);
  const job = new KeySourceJob({ db: other.db, contextOf, now: () => clock, onError });
  await job.run();
  await job.run();
  await job.close();
  expect(errors).toHaveLength(2);
});
