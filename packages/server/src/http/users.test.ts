import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { verifyToken } from '../tokens/verify-token.ts';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenant: NewTenant;

beforeAll(async () => {
  server = await createTestApp();
  tenant = await server.tenant();
});

afterAll(() => server[Symbol.asyncDispose]());

function put(id: string, body: unknown) {
  const path = `/v1/users/${encodeURIComponent(id)}`;
  return server.call('PUT', path, { bearer: tenant.api_key, body });
}

function mint(id: string, body?: unknown) {
  const path = `/v1/users/${encodeURIComponent(id)}/tokens`;
  return server.call('POST', path, {
    bearer: tenant.api_key,
    ...(body === undefined ? {} : { body }),
  });
}

describe('PUT /v1/users/{id}', () => {
  test('[AU36] makes a person and changes one, with the same status', async () => {
    const body = {
      name: 'Alice',
      avatar_url: 'https://x.test/a.png',
      email: 'alice@x.test',
      locale: 'pt-br',
      role: 'admin',
    };
    const made = await put('alice', body);
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({ ...body, id: 'alice', locale: 'pt-BR' });
    const changed = await put('alice', { name: 'Alicia', avatar_url: null });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ name: 'Alicia', avatar_url: null, role: 'admin' });
  });

  test.each([
    'a/b',
    '100%',
    '%2F',
    '%252F',
    'a b+c',
    'é漢😀',
    '?x=1#y',
    'a@b.example',
    "'; drop table app_user --",
    '__proto__',
    'x'.repeat(128),
  ])('[AU38] knows an id as the host product wrote it: %s', async (id) => {
    const answer = await put(id, { name: 'Somebody' });
    expect(answer.status).toBe(200);
    expect(field(answer.body, 'id')).toBe(id);
  });

  test.each(['%FF', 'a%', '%E2%82'])(
    '[AU38] refuses an address that does not decode: %s',
    async (raw) => {
      const call = { bearer: tenant.api_key, body: { name: 'x' } };
      const answer = await server.call('PUT', `/v1/users/${raw}`, call);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'bad_request' });
    },
  );

  test.each([
    ['id', 'x'.repeat(129)],
    ['id', 'a\u0000b'],
    ['id', 'a\nb'],
    ['id', 'a\u2028b'],
  ])('[AU38] refuses what is no user id', async (name, id) => {
    const answer = await put(id, { name: 'x' });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
  });

  test.each([
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: ' \t\n ' }],
    ['name', { name: 'x'.repeat(201) }],
    ['name', { name: 'a\u0000' }],
    ['name', { name: null }],
    ['avatar_url', { name: 'x', avatar_url: '' }],
    ['avatar_url', { name: 'x', avatar_url: 'not an address' }],
    ['avatar_url', { name: 'x', avatar_url: '/relative.png' }],
    ['avatar_url', { name: 'x', avatar_url: 'javascript:alert(1)' }],
    ['avatar_url', { name: 'x', avatar_url: 'data:text/html,x' }],
    ['avatar_url', { name: 'x', avatar_url: 'https://user:pass@x.test/a.png' }],
    ['avatar_url', { name: 'x', avatar_url: 'java\nscript:alert(1)' }],
    ['avatar_url', { name: 'x', avatar_url: `https://x.test/${'a'.repeat(2_000)}` }],
    ['email', { name: 'x', email: 'nobody' }],
    ['email', { name: 'x', email: 'a@b\u0000' }],
    ['email', { name: 'x', email: `${'a'.repeat(250)}@x.test` }],
    ['email', { name: 'x', email: 'a@x.test\r\nBcc: b@x.test' }],
    ['locale', { name: 'x', locale: 'not a locale' }],
    ['locale', { name: 'x', locale: '' }],
    ['role', { name: 'x', role: 'Not A Role' }],
    ['role', { name: 'x', role: null }],
  ])('[AU36] refuses what cannot be, naming `%s`: %j', async (name, body) => {
    const answer = await put('refused', body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
  });

  test("[AU36] ignores fields it does not know, and those that are not the host's to set", async () => {
    const body = { name: 'Eve', id: 'other', tenant_id: 'x', version: 99, deactivated_at: 'now' };
    const answer = await put('eve', body);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: 'eve', name: 'Eve' });
    const row = await server.database.sql
      .selectFrom('app_user')
      .selectAll()
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', 'eve')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ version: 0, deactivated_at: null });
  });
});

describe('POST /v1/users/{id}/tokens', () => {
  test('[AU12] answers a token of the person, for an hour unless asked otherwise', async () => {
    for (const [body, seconds] of [
      [{}, 3_600],
      [undefined, 3_600],
      [{ expires_in: 1 }, 1],
      [{ expires_in: 86_400 }, 86_400],
      [{ expires_in: 2_592_000 }, 2_592_000],
    ] as const) {
      const before = Math.floor(Date.now() / 1000);
      const answer = await mint('alice', body);
      expect(answer.status).toBe(201);
      const expires = Date.parse(String(field(answer.body, 'expires_at'))) / 1000;
      expect(expires - before).toBeGreaterThanOrEqual(seconds);
      expect(expires - before).toBeLessThanOrEqual(seconds + 2);
      const token = String(field(answer.body, 'token'));
      const verified = await verifyToken(server.parts.keys, token, Date.now());
      expect(verified).toMatchObject({
        tenant: tenant.id,
        user: 'alice',
        expiresAt: expires * 1000,
      });
    }
  });

  test('[AU34] is good for somebody who is not known yet', async () => {
    const bearer = String(field((await mint('newcomer', {})).body, 'token'));
    const answer = await server.call('GET', '/v1/conversations', { bearer });
    expect(answer.status).toBe(200);
  });

  test.each([0, -1, 1.5, 2_592_001, 1e300, '3600', null, [3_600], { seconds: 1 }, true])(
    '[AU12] refuses a time that is none: %j',
    async (expires_in) => {
      const answer = await mint('alice', { expires_in });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'bad_request', field: 'expires_in' });
    },
  );
});
