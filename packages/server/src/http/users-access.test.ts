import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenant: NewTenant;
let other: NewTenant;

beforeAll(async () => {
  server = await createTestApp();
  tenant = await server.tenant();
  other = await server.tenant();
});

afterAll(() => server[Symbol.asyncDispose]());

function call(method: string, path: string, body?: unknown, bearer = tenant.api_key) {
  return server.call(method, path, { bearer, ...(body === undefined ? {} : { body }) });
}

describe('GET /v1/users/{id}', () => {
  test('[RV41] answers a person as stored, and not_found alike for unknown and foreign ones', async () => {
    await call('PUT', '/v1/users/alice', { name: 'Alice', email: 'a@x.test' });
    const answer = await call('GET', '/v1/users/alice');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id: 'alice',
      name: 'Alice',
      avatar_url: null,
      email: 'a@x.test',
      locale: null,
      role: 'member',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      deactivated_at: null,
      tokens_valid_from: null,
    });
    const unknown = await call('GET', '/v1/users/nobody');
    const foreign = await call('GET', '/v1/users/alice', undefined, other.api_key);
    expect([unknown.status, foreign.status]).toEqual([404, 404]);
    expect(withoutRequest(foreign.body)).toEqual(withoutRequest(unknown.body));
  });
});

function withoutRequest(body: unknown): string {
  return JSON.stringify(body, (key, value) => (key === 'request_id' ? undefined : value));
}

describe('POST /v1/users/{id}/revoke and DELETE /v1/users/{id}', () => {
  test('[RV42] are of one tenant: a namesake elsewhere keeps access', async () => {
    const [mine, theirs] = [
      await server.token(tenant, 'alice'),
      await server.token(other, 'alice'),
    ];
    expect((await call('POST', '/v1/users/alice/revoke')).status).toBe(200);
    expect((await call('DELETE', '/v1/users/bob')).status).toBe(204);
    const status = async (bearer: string) =>
      (await server.call('GET', '/v1/conversations', { bearer })).status;
    expect(await status(mine)).toBe(401);
    expect(await status(theirs)).toBe(200);
    expect(await status(await server.token(other, 'bob'))).toBe(200);
    expect(await status(await server.token(tenant, 'bob'))).toBe(401);
  });

  test('[RV42] need the API key: a token of the person, or of anybody, is no good', async () => {
    const bearer = await server.token(tenant, 'carol');
    for (const [method, path] of [
      ['POST', '/v1/users/carol/revoke'],
      ['DELETE', '/v1/users/carol'],
      ['GET', '/v1/users/carol'],
    ] as const) {
      expect((await server.call(method, path, { bearer })).status).toBe(401);
      expect((await server.call(method, path)).status).toBe(401);
    }
    expect((await server.call('GET', '/v1/conversations', { bearer })).status).toBe(200);
  });

  test('[RV42] refuse what is no user id, and make nobody of it', async () => {
    for (const id of ['x'.repeat(129), 'a%00b']) {
      expect((await call('POST', `/v1/users/${id}/revoke`)).status).toBe(400);
      expect((await call('DELETE', `/v1/users/${id}`)).status).toBe(400);
    }
  });

  test('[RV42] the time of a revocation never moves back, and a body is not needed nor read', async () => {
    const times: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await call('POST', '/v1/users/dora/revoke', i === 0 ? undefined : {});
      times.push(String(field(body, 'tokens_valid_from')));
    }
    expect([...times].sort()).toEqual(times);
  });
});

describe('PUT /v1/users', () => {
  test('[RV43] takes up to a thousand people, in a body of up to 1 MiB', async () => {
    const users = Array.from({ length: 1_000 }, (_, n) => ({
      id: `bulk-${n}`,
      name: `Person ${n} ${'x'.repeat(150)}`,
      avatar_url: `https://x.test/${'a'.repeat(400)}.png`,
    }));
    expect(JSON.stringify({ users }).length).toBeGreaterThan(600_000);
    const answer = await call('PUT', '/v1/users', { users });
    expect(answer.status).toBe(200);
    expect(field(answer.body, 'users')).toHaveLength(1_000);
    expect(field(answer.body, 'users.999.id')).toBe('bulk-999');
    const again = await call('GET', '/v1/users/bulk-500');
    expect(again.body).toMatchObject({ name: users[500]?.name });
  });

  test.each([
    ['users', {}],
    ['users', { users: [] }],
    ['users', { users: 'x' }],
    ['users', { users: Array.from({ length: 1_001 }, (_, n) => ({ id: `${n}`, name: 'x' })) }],
    ['users.0.id', { users: [{ name: 'x' }] }],
    [
      'users.1.id',
      {
        users: [
          { id: 'a', name: 'x' },
          { id: 'b\n', name: 'x' },
        ],
      },
    ],
    [
      'users.1.name',
      {
        users: [
          { id: 'a', name: 'x' },
          { id: 'b', name: '' },
        ],
      },
    ],
    [
      'users.1.id',
      {
        users: [
          { id: 'a', name: 'x' },
          { id: 'a', name: 'y' },
        ],
      },
    ],
    ['users.0.role', { users: [{ id: 'a', name: 'x', role: 'Not A Role' }] }],
  ])('[RV43] refuses all when one cannot be, naming `%s`', async (name, body) => {
    const answer = await call('PUT', '/v1/users', body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
    expect((await call('GET', '/v1/users/a')).status).toBe(404);
  });

  test('[RV43] refuses a body above 1 MiB; others keep their bound', async () => {
    const users = [{ id: 'a', name: 'x', more: 'x'.repeat(1024 * 1024) }];
    expect((await call('PUT', '/v1/users', { users })).status).toBe(413);
    const big = { name: 'x', more: 'x'.repeat(70_000) };
    expect((await call('PUT', '/v1/users/a', big)).status).toBe(413);
  });

  test('[RV43] sets nothing that is not the host product`s to set', async () => {
    const users = [
      { id: 'eve', name: 'Eve', tenant_id: other.id, version: 9, deactivated_at: 'x' },
    ];
    expect((await call('PUT', '/v1/users', { users })).status).toBe(200);
    const { body } = await call('GET', '/v1/users/eve');
    expect(body).toMatchObject({ id: 'eve', deactivated_at: null });
    expect((await call('GET', '/v1/users/eve', undefined, other.api_key)).status).toBe(404);
  });
});
