import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiKeyScopes } from '../policy/right.ts';
import { parseApiKey } from '../tenants/api-key.ts';
import type { NewTenant } from '../tenants/create-tenant.ts';
import {
  type Answer,
  createTestApp,
  field,
  operatorKey,
  type TestApp,
} from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

const path = '/v1/api-keys';

function create(bearer: string, body: object): Promise<Answer> {
  return server.call('POST', path, { bearer, body: { name: 'A key', ...body } });
}

/** A key of these scopes, made by the tenant's first. */
async function keyOf(tenant: NewTenant, scopes: readonly string[], more = {}): Promise<string> {
  const made = await create(tenant.api_key, { scopes, ...more });
  expect(made.status).toBe(201);
  return String(field(made.body, 'api_key'));
}

function idOf(key: string): string {
  return parseApiKey(key)?.id ?? '';
}

async function rowOf(tenant: NewTenant, key: string) {
  return server.database.sql
    .selectFrom('api_key')
    .selectAll()
    .where('tenant_id', '=', tenant.id)
    .where('id', '=', idOf(key))
    .executeTakeFirstOrThrow();
}

/** One harmless call for each scope. */
const calls = {
  users: ['PUT', '/v1/users/alice', { name: 'Alice' }],
  tokens: ['POST', '/v1/users/alice/tokens', {}],
  keys: ['GET', path, undefined],
  audit: ['GET', '/v1/audit', undefined],
} as const;

test('[AU72] A key is told once and listed without its secret', async () => {
  const tenant = await server.tenant();
  const made = await create(tenant.api_key, {
    name: ' Sign-in ',
    scopes: ['tokens', 'users', 'users'],
  });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    name: 'Sign-in',
    scopes: ['users', 'tokens'],
    expires_at: null,
    last_used_at: null,
  });
  const key = String(field(made.body, 'api_key'));
  expect(parseApiKey(key)).toMatchObject({ tenant: tenant.id, id: field(made.body, 'id') });
  const listed = await server.call('GET', path, { bearer: tenant.api_key });
  expect(field(listed.body, 'api_keys')).toHaveLength(2);
  expect(listed.text).not.toContain(parseApiKey(key)?.secret);
  expect((await rowOf(tenant, key)).secret_hash).toHaveLength(32);
});

test('[AU72] A key does what its scopes say, and nothing else', async () => {
  const tenant = await server.tenant();
  for (const own of ['users', 'tokens', 'keys', 'audit'] as const) {
    const bearer = await keyOf(tenant, [own]);
    for (const [scope, [method, url, body]] of Object.entries(calls)) {
      const answer = await server.call(method, url, { bearer, ...(body && { body }) });
      if (scope === own) {
        expect(answer.status, `${own} ${url}`).toBeLessThan(300);
      } else {
        expect(answer.status, `${own} ${url}`).toBe(403);
        expect(answer.body).toMatchObject({ code: 'not_allowed' });
        expect(field(answer.body, 'detail')).toContain(`"${scope}"`);
      }
    }
    const settings = await server.call('GET', `/v1/tenants/${tenant.id}`, { bearer });
    expect(settings.status).toBe(403);
  }
});

test('[AU72] A key gives no scope that it lacks', async () => {
  const tenant = await server.tenant();
  const bearer = await keyOf(tenant, ['keys', 'tokens']);
  expect((await create(bearer, { scopes: ['tokens'] })).status).toBe(201);
  expect((await create(bearer, { scopes: ['tokens', 'keys'] })).status).toBe(201);
  for (const scope of apiKeyScopes.filter((one) => one !== 'keys' && one !== 'tokens')) {
    const refused = await create(bearer, { scopes: ['tokens', scope] });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'not_allowed', field: 'scopes' });
  }
  const listed = await server.call('GET', path, { bearer });
  expect(field(listed.body, 'api_keys')).toHaveLength(4);
});

test('[AU72] A key makes none that lasts longer than itself', async () => {
  const tenant = await server.tenant();
  const end = Date.now() + 3_600_000;
  const at = (time: number) => new Date(time).toISOString();
  const bearer = await keyOf(tenant, ['all'], { expires_at: at(end) });
  for (const more of [{}, { expires_at: at(end + 1) }]) {
    const refused = await create(bearer, { scopes: ['users'], ...more });
    expect(refused.body).toMatchObject({ code: 'not_allowed', field: 'expires_at' });
  }
  const made = await create(bearer, { scopes: ['users'], expires_at: at(end) });
  expect(made.body).toMatchObject({ expires_at: at(end) });
});

test.each([
  ['scopes', { scopes: [] }],
  ['scopes', {}],
  ['scopes.0', { scopes: ['everything'] }],
  ['scopes', { scopes: 'all' }],
  ['scopes.0', { scopes: [['all']] }],
  ['scopes', { scopes: Array(100).fill('users') }],
  ['name', { scopes: ['users'], name: '' }],
  ['name', { scopes: ['users'], name: 7 }],
  ['expires_at', { scopes: ['users'], expires_at: 'tomorrow' }],
  ['expires_at', { scopes: ['users'], expires_at: '2020-01-01T00:00:00Z' }],
  ['expires_at', { scopes: ['users'], expires_at: 4_102_444_800 }],
])('[AU72] What no key can be is refused, naming %s: %j', async (name, body) => {
  const tenant = await server.tenant();
  const refused = await create(tenant.api_key, body);
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({ code: 'bad_request', field: name });
});

test('[AU73] A key that is expired or revoked is as good as none', async () => {
  const tenant = await server.tenant();
  const bearer = await keyOf(tenant, ['users']);
  const use = () => server.call('PUT', '/v1/users/a', { bearer, body: { name: 'A' } });
  expect((await use()).status).toBe(200);
  const setExpiry = (at: Date | null) =>
    server.database.sql
      .updateTable('api_key')
      .set({ expires_at: at })
      .where('id', '=', idOf(bearer))
      .execute();
  await setExpiry(new Date(Date.now() - 1));
  expect((await use()).status).toBe(401);
  await setExpiry(null);
  expect((await use()).status).toBe(200);
  const revoked = await server.call('DELETE', `${path}/${idOf(bearer)}`, {
    bearer: tenant.api_key,
  });
  expect(revoked.status).toBe(204);
  const [gone, invented] = [await use(), await server.call('PUT', '/v1/users/a', { bearer: 'x' })];
  expect(gone.status).toBe(401);
  expect(field(gone.body, 'detail')).toBe(field(invented.body, 'detail'));
});

test('[AU73] A revoked key that is just being used makes no other', async () => {
  const tenant = await server.tenant();
  const bearer = await keyOf(tenant, ['all']);
  const [made, revoked] = await Promise.all([
    Promise.all(Array.from({ length: 8 }, () => create(bearer, { scopes: ['all'] }))),
    server.call('DELETE', `${path}/${idOf(bearer)}`, { bearer: tenant.api_key }),
  ]);
  expect(revoked.status).toBe(204);
  for (const { status } of made) expect([201, 401]).toContain(status);
  expect((await create(bearer, { scopes: ['all'] })).status).toBe(401);
});

test('[AU74] The last use of a key is noted once a minute, beside the request', async () => {
  await using own = await createTestApp();
  const tenant = await own.tenant();
  const used = () =>
    own.database.sql
      .selectFrom('api_key')
      .select('last_used_at')
      .where('tenant_id', '=', tenant.id)
      .executeTakeFirst();
  expect((await used())?.last_used_at).toBeNull();
  const before = Date.now();
  const list = () => own.call('GET', path, { bearer: tenant.api_key });
  await list();
  await own.parts.apiKeys.close();
  const first = (await used())?.last_used_at;
  expect(first?.getTime()).toBeGreaterThanOrEqual(before);
  await Promise.all([list(), list(), list()]);
  await own.parts.apiKeys.close();
  expect((await used())?.last_used_at).toEqual(first);
});

test('[AU75] The last lasting key with all scopes stays; the one in use may go', async () => {
  const tenant = await server.tenant();
  await keyOf(tenant, ['keys', 'users']);
  const soon = new Date(Date.now() + 60_000).toISOString();
  await keyOf(tenant, ['all'], { expires_at: soon });
  const revokeFirst = () =>
    server.call('DELETE', `${path}/${idOf(tenant.api_key)}`, { bearer: tenant.api_key });
  const refused = await revokeFirst();
  expect(refused.status).toBe(403);
  expect(refused.body).toMatchObject({ code: 'not_allowed' });
  const next = await keyOf(tenant, ['all']);
  expect((await revokeFirst()).status).toBe(204);
  expect((await server.call('GET', path, { bearer: tenant.api_key })).status).toBe(401);
  expect((await server.call('GET', path, { bearer: next })).status).toBe(200);
});

test('[AU75] Of two that revoke each other at one time, one stays', async () => {
  const tenant = await server.tenant();
  const other = await keyOf(tenant, ['all']);
  const answers = await Promise.all([
    server.call('DELETE', `${path}/${idOf(other)}`, { bearer: tenant.api_key }),
    server.call('DELETE', `${path}/${idOf(tenant.api_key)}`, { bearer: other }),
  ]);
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
});

test('[AU53] A foreign key is revoked as an invented one is: not at all', async () => {
  const [tenant, rival] = [await server.tenant(), await server.tenant()];
  const theirs = await keyOf(rival, ['users']);
  const revoke = (id: string) =>
    server.call('DELETE', `${path}/${id}`, {
      bearer: tenant.api_key,
      headers: { 'X-Request-Id': 'same' },
    });
  const answers = await Promise.all(
    [idOf(theirs), 'abcdefghijkl', 'x', '%00', 'ABCDEFGHIJKL'].map(revoke),
  );
  for (const answer of answers) {
    expect(answer.status).toBe(404);
    expect(answer.text).toBe(answers[0]?.text);
  }
  expect(
    (await server.call('PUT', '/v1/users/a', { bearer: theirs, body: { name: 'A' } })).status,
  ).toBe(200);
});

test('[AU65] A tenant has at most 100 API keys, listed page by page', async () => {
  const tenant = await server.tenant();
  const made: Answer[] = [];
  for (let count = 0; count < 10; count++) {
    made.push(
      ...(await Promise.all(
        Array.from({ length: 10 }, () => create(tenant.api_key, { scopes: ['users'] })),
      )),
    );
  }
  expect(made.filter(({ status }) => status === 201)).toHaveLength(99);
  expect(made.filter(({ status }) => status === 422)).toHaveLength(1);
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const page = await server.call('GET', `${path}?limit=40${cursor}`, { bearer: tenant.api_key });
    const keys = field(page.body, 'api_keys');
    seen.push(...(Array.isArray(keys) ? keys.map((key) => field(key, 'id')) : []));
    const next = field(page.body, 'cursor');
    cursor = typeof next === 'string' ? `&cursor=${next}` : '';
  } while (cursor !== '');
  expect(new Set(seen).size).toBe(100);
  expect(seen).toHaveLength(100);
});

test.each(['limit=0', 'limit=51', 'limit=x', 'cursor=x', 'cursor=%00'])(
  '[AU65] A page that no list has is refused: %s',
  async (query) => {
    const tenant = await server.tenant();
    const answer = await server.call('GET', `${path}?${query}`, { bearer: tenant.api_key });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ field: query.split('=')[0] });
  },
);

test('[AU15] API keys are nothing for the operator', async () => {
  expect((await server.call('GET', path, { bearer: operatorKey })).status).toBe(401);
});

test('[AU81] The operator makes a key for a tenant that has lost its own; nobody else does', async () => {
  const tenant = await server.tenant();
  const other = await server.tenant();
  const at = `/v1/tenants/${tenant.id}/api-keys`;
  const body = { name: 'Again', scopes: ['users'] };
  for (const bearer of [tenant.api_key, other.api_key]) {
    expect((await server.call('POST', at, { bearer, body })).status).toBe(401);
  }
  const nowhere = '/v1/tenants/nowhere/api-keys';
  expect((await server.call('POST', nowhere, { bearer: operatorKey, body })).status).toBe(404);
  const made = await server.call('POST', at, { bearer: operatorKey, body });
  expect(made.status).toBe(201);
  const bearer = String(field(made.body, 'api_key'));
  const used = await server.call('PUT', '/v1/users/alice', { bearer, body: { name: 'Alice' } });
  expect(used.status).toBe(200);
});
