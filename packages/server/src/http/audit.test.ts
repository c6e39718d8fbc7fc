import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseApiKey } from '../tenants/api-key.ts';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { testPair } from '../tokens/testing/key-pair.ts';
import { createTestApp, field, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

async function log(
  tenant: NewTenant,
  query = '',
): Promise<{ entries: unknown[]; cursor: unknown }> {
  const { body } = await server.call('GET', `/v1/audit${query}`, { bearer: tenant.api_key });
  const entries = field(body, 'entries');
  return { entries: Array.isArray(entries) ? entries : [], cursor: field(body, 'cursor') };
}

test('[AU79] Each act is written down with who, what and when, newest first', async () => {
  const tenant = await server.tenant();
  const bearer = tenant.api_key;
  const actor = { kind: 'key', id: parseApiKey(bearer)?.id };
  const before = Date.now();
  const key = await server.call('POST', '/v1/api-keys', {
    bearer,
    body: { name: 'Second', scopes: ['users'] },
  });
  const id = field(key.body, 'id');
  await server.call('DELETE', `/v1/api-keys/${id}`, { bearer });
  const public_key = testPair('ES256').jwk;
  await server.call('POST', '/v1/signing-keys', { bearer, body: { public_key, kid: 'mine' } });
  await server.call('DELETE', '/v1/signing-keys/mine', { bearer });
  const url = `/v1/tenants/${tenant.id}`;
  await server.call('PATCH', url, { bearer, body: { directory: 'none', members_may: null } });
  await server.call('PATCH', url, { bearer: operatorKey, body: { directory: null } });
  await server.call('POST', `${url}/suspend`, { bearer: operatorKey });
  await server.call('POST', `${url}/resume`, { bearer: operatorKey });

  const { entries, cursor } = await log(tenant);
  expect(cursor).toBeNull();
  expect(entries).toMatchObject([
    { action: 'tenant.resumed', actor: { kind: 'operator' }, target: {} },
    { action: 'tenant.suspended', actor: { kind: 'operator' }, target: {} },
    { action: 'settings.changed', actor: { kind: 'operator' }, target: { directory: null } },
    { action: 'settings.changed', actor, target: { directory: 'none', members_may: null } },
    { action: 'signing_key.revoked', actor, target: { kid: 'mine', algorithm: 'ES256' } },
    { action: 'signing_key.created', actor, target: { kid: 'mine', algorithm: 'ES256' } },
    { action: 'api_key.revoked', actor, target: { key: id } },
    { action: 'api_key.created', actor, target: { key: id, scopes: ['users'] } },
  ]);
  const times = entries.map((entry) => Date.parse(String(field(entry, 'at'))));
  expect(times).toEqual(times.toSorted((one, other) => other - one));
  expect(times.at(-1)).toBeGreaterThanOrEqual(before);
});

test('[AU79] What is refused or changes nothing is not written down', async () => {
  const tenant = await server.tenant();
  const bearer = tenant.api_key;
  await server.call('DELETE', `/v1/signing-keys/${tenant.kid}`, { bearer });
  await server.call('DELETE', `/v1/api-keys/${parseApiKey(bearer)?.id}`, { bearer });
  await server.call('POST', '/v1/api-keys', { bearer, body: { name: 'x', scopes: ['none'] } });
  for (const body of [{}, { directory: 'all' }, { members_may: null, allowed_origins: [] }]) {
    const path = `/v1/tenants/${tenant.id}`;
    expect((await server.call('PATCH', path, { bearer, body })).status).toBe(200);
  }
  await server.call('GET', '/v1/api-keys', { bearer });
  expect((await log(tenant)).entries).toEqual([]);
});

test('[AU79] The log is read page by page, each entry once, though it grows', async () => {
  const tenant = await server.tenant();
  const change = (n: number) =>
    server.call('PATCH', `/v1/tenants/${tenant.id}`, {
      bearer: tenant.api_key,
      body: { allowed_origins: [`https://n${n}.example`] },
    });
  for (let n = 0; n < 7; n++) await change(n);
  const seen: unknown[] = [];
  let query = '?limit=3';
  for (let page = 0; page < 10; page++) {
    const { entries, cursor } = await log(tenant, query);
    seen.push(...entries.map((entry) => field(entry, 'target.allowed_origins.0')));
    if (cursor === null) break;
    query = `?limit=3&cursor=${String(cursor)}`;
    await change(100 + page);
  }
  expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `https://n${n}.example`));
});

test('[AU79] A log is its own tenant’s', async () => {
  const [tenant, rival] = [await server.tenant(), await server.tenant()];
  await server.call('PATCH', `/v1/tenants/${rival.id}`, {
    bearer: rival.api_key,
    body: { directory: 'none' },
  });
  const { entries } = await log(rival);
  expect(entries).toHaveLength(1);
  expect((await log(tenant)).entries).toEqual([]);
  // A cursor of another is a place in time and no more.
  expect((await log(tenant, `?cursor=${String(field(entries[0], 'id'))}`)).entries).toEqual([]);
  expect((await server.call('GET', '/v1/audit', { bearer: operatorKey })).status).toBe(401);
});

test.each(['cursor=x', 'cursor=%00', 'cursor=', 'limit=0', 'limit=51', 'limit=-1'])(
  '[AU79] A page that no log has is refused: %s',
  async (query) => {
    const tenant = await server.tenant();
    const call = { bearer: tenant.api_key };
    const answer = await server.call('GET', `/v1/audit?${query}`, call);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ field: query.split('=')[0] });
  },
);
