import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { createTestApp, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenant: NewTenant;
let token: string;

beforeAll(async () => {
  server = await createTestApp();
  tenant = await server.tenant();
  token = await server.token(tenant, 'alice');
});

afterAll(() => server[Symbol.asyncDispose]());

const id = '0199f2c4-5b6a-7c1d-8e2f-3a4b5c6d7e8f';

/** Every call that needs somebody, and whom. */
const calls = [
  ['POST', '/v1/tenants', 'operator'],
  ['POST', '/v1/tenants/acme/suspend', 'operator'],
  ['POST', '/v1/tenants/acme/resume', 'operator'],
  ['GET', '/v1/api-keys', 'apiKey'],
  ['POST', '/v1/api-keys', 'apiKey'],
  ['DELETE', '/v1/api-keys/abcdefghijkl', 'apiKey'],
  ['GET', '/v1/signing-keys', 'apiKey'],
  ['POST', '/v1/signing-keys', 'apiKey'],
  ['DELETE', '/v1/signing-keys/abcdefghijkl', 'apiKey'],
  ['GET', '/v1/key-sources', 'apiKey'],
  ['POST', '/v1/key-sources', 'apiKey'],
  ['POST', '/v1/key-sources/abcdefghijkl/read', 'apiKey'],
  ['DELETE', '/v1/key-sources/abcdefghijkl', 'apiKey'],
  ['GET', '/v1/audit', 'apiKey'],
  ['PUT', '/v1/users/alice', 'apiKey'],
  ['POST', '/v1/users/alice/tokens', 'apiKey'],
  ['POST', '/v1/users/alice/conversations', 'apiKey'],
  ['POST', '/v1/conversations', 'user'],
  ['GET', '/v1/conversations', 'user'],
  ['GET', `/v1/conversations/${id}`, 'user'],
  ['GET', `/v1/conversations/${id}/messages`, 'user'],
  ['POST', `/v1/conversations/${id}/messages`, 'user'],
] as const;

function credentials(): Readonly<Record<string, string>> {
  return { operator: operatorKey, apiKey: tenant.api_key, user: token };
}

test.each(calls)(
  '[AU15] %s %s takes no other credential than its own (%s)',
  async (method, path, kind) => {
    const wrong = Object.entries(credentials()).filter(([name]) => name !== kind);
    expect(wrong).toHaveLength(2);
    for (const [, bearer] of [...wrong, ['', tenant.signing_secret], ['', 'x']]) {
      // Nobody reads the body of a stranger: a broken one changes nothing.
      const body = method === 'GET' ? {} : { body: '{' };
      const answer = await server.call(method, path, { bearer: String(bearer), ...body });
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ code: 'unauthorized', status: 401, retryable: false });
      expect(answer.headers.get('WWW-Authenticate')).toBe(
        'Bearer realm="parley", error="invalid_token"',
      );
    }
    const none = await server.call(method, path);
    expect(none.status).toBe(401);
    expect(none.headers.get('WWW-Authenticate')).toBe('Bearer realm="parley"');
  },
);

test.each([
  'Basic dXNlcjpwYXNz',
  'Bearer',
  'Bearer ',
  'Token abc',
  'Bearer a b',
  `Bearer ${'x'.repeat(9_000)}`,
])('[AU15] A header of another form is 401: %s', async (Authorization) => {
  for (const [method, path] of calls) {
    const answer = await server.call(method, path, { headers: { Authorization } });
    expect(answer.status).toBe(401);
  }
});

test('[AU15] A token in the address counts for nothing', async () => {
  for (const query of [`token=${token}`, `access_token=${token}`]) {
    expect((await server.call('GET', `/v1/conversations?${query}`)).status).toBe(401);
  }
});

test('[AU15] The word Bearer is known in any case', async () => {
  const headers = { Authorization: `bearer ${token}` };
  expect((await server.call('GET', '/v1/conversations', { headers })).status).toBe(200);
});

test('[AU35] A deactivated person is refused with a token that is still good', async () => {
  const bearer = await server.token(tenant, 'leaver');
  expect((await server.call('GET', '/v1/conversations', { bearer })).status).toBe(200);
  await server.database.sql
    .updateTable('app_user')
    .set({ deactivated_at: new Date() })
    .where('tenant_id', '=', tenant.id)
    .where('id', '=', 'leaver')
    .execute();
  expect((await server.call('GET', '/v1/conversations', { bearer })).status).toBe(401);
});
