import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenant: NewTenant;
beforeAll(async () => {
  server = await createTestApp();
  tenant = await server.tenant();
});
afterAll(() => server[Symbol.asyncDispose]());

test.each(['.', '..', 'a b', 'a+b', 'a/b', 'a&b=c', '%2e', '%', 'Ünï', '?', '#'])(
  '[OR22] A person of any id is reached by a query: %j',
  async (id) => {
    const query = `?id=${encodeURIComponent(id)}`;
    const call = { bearer: tenant.api_key, body: { name: 'Dots' } };
    const made = await server.call('PUT', `/v1/user${query}`, call);
    expect([made.status, field(made.body, 'id')]).toEqual([200, id]);
    const token = await server.call('POST', `/v1/user/tokens${query}`, {
      bearer: tenant.api_key,
      body: {},
    });
    expect(token.status).toBe(201);
    const rows = await server.database.sql
      .selectFrom('app_user')
      .select('name')
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', id)
      .execute();
    expect(rows).toEqual([{ name: 'Dots' }]);
  },
);

test.each(['/v1/user', '/v1/user?id=', '/v1/user?id=%ff', '/v1/user?id=a/b', '/v1/userx?id=a'])(
  '[OR22] What names nobody is no address: %s',
  async (path) => {
    const call = { bearer: tenant.api_key, body: { name: 'x' } };
    expect((await server.call('PUT', path, call)).status).toBe(404);
  },
);
