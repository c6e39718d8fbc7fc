import { newId } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testPair } from '../tokens/testing/key-pair.ts';
import { problemSchema } from './problem.ts';
import { createTestApp, field, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenantId: string;
let apiKey: string;
let alice: string;
let conversation: string;

beforeAll(async () => {
  server = await createTestApp({
    config: { demo: true },
    demo: { people: async () => [] },
  });
  const tenant = await server.tenant();
  tenantId = tenant.id;
  apiKey = tenant.api_key;
  await server.call('PUT', '/v1/users/bob', { bearer: apiKey, body: { name: 'Bob' } });
  alice = await server.token(tenant, 'alice');
  const body = { kind: 'group', members: ['bob'] };
  const made = await server.call('POST', '/v1/conversations', { bearer: alice, body });
  conversation = String(field(made.body, 'conversation.id'));
});

afterAll(() => server[Symbol.asyncDispose]());

interface Sample {
  readonly call: string;
  readonly path: () => string;
  readonly bearer: () => string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A good body of every call that takes one; the fields are all there. */
const samples: readonly Sample[] = [
  {
    call: 'POST /v1/tenants',
    path: () => '/v1/tenants',
    bearer: () => operatorKey,
    body: { id: 'acme', name: 'Acme' },
  },
  {
    call: 'PATCH /v1/tenants/{id}',
    path: () => `/v1/tenants/${tenantId}`,
    bearer: () => apiKey,
    body: { directory: 'all', members_may: [], allowed_origins: [], frame_ancestors: [] },
  },
  {
    call: 'POST /v1/api-keys',
    path: () => '/v1/api-keys',
    bearer: () => apiKey,
    body: { name: 'Sign-in', scopes: ['tokens'], expires_at: '2100-01-01T00:00:00Z' },
  },
  {
    call: 'POST /v1/tenants/{id}/api-keys',
    path: () => `/v1/tenants/${tenantId}/api-keys`,
    bearer: () => operatorKey,
    body: { name: 'Sign-in', scopes: ['tokens'], expires_at: '2100-01-01T00:00:00Z' },
  },
  {
    call: 'POST /v1/signing-keys',
    path: () => '/v1/signing-keys',
    bearer: () => apiKey,
    body: { algorithm: 'ES256', public_key: testPair('ES256').jwk, kid: 'mine' },
  },
  {
    call: 'POST /v1/key-sources',
    path: () => '/v1/key-sources',
    bearer: () => apiKey,
    body: { url: 'https://login.example.com/jwks.json' },
  },
  {
    call: 'PUT /v1/users/{id}',
    path: () => '/v1/users/alice',
    bearer: () => apiKey,
    body: {
      name: 'Alice',
      avatar_url: 'https://x.test/a.png',
      email: 'a@x.test',
      locale: 'en',
      role: 'member',
    },
  },
  {
    call: 'PUT /v1/users',
    path: () => '/v1/users',
    bearer: () => apiKey,
    body: { users: [{ id: 'carol', name: 'Carol' }] },
  },
  {
    call: 'POST /v1/users/{id}/conversations',
    path: () => '/v1/users/alice/conversations',
    bearer: () => apiKey,
    body: { kind: 'group', members: ['bob'], name: 'Launch', conversation: newId() },
  },
  {
    call: 'POST /v1/users/{id}/tokens',
    path: () => '/v1/users/alice/tokens',
    bearer: () => apiKey,
    body: { expires_in: 60 },
  },
  {
    call: 'POST /v1/conversations',
    path: () => '/v1/conversations',
    bearer: () => alice,
    body: { kind: 'group', members: ['bob'], name: 'Launch', conversation: newId() },
  },
  {
    call: 'POST /v1/conversations/{id}/messages',
    path: () => `/v1/conversations/${conversation}/messages`,
    bearer: () => alice,
    body: { id: newId(), body: 'Hello', reply_to: newId() },
  },
  {
    call: 'POST /v1/demo/sign-in',
    path: () => '/v1/demo/sign-in',
    bearer: () => '',
    body: { user: 'alice' },
  },
];

const replacements: Readonly<Record<string, unknown>> = {
  'an object': { $ne: null },
  'an empty object': {},
  'a list': ['x'],
  'an empty list': [],
  'nested lists': [[[[['x']]]]],
  true: true,
  zero: 0,
  'a negative number': -1,
  'a fraction': 1.5,
  'a huge number': 1e308,
  'a huge string': 'x'.repeat(40_000),
  'U+0000': 'a\u0000b',
  'half a surrogate pair': 'a\ud800b',
  'text of SQL': "'; drop table app_user; --",
};

// What these fields may hold as well; everything else has to be refused.
const allowed: Readonly<Record<string, readonly string[]>> = {
  'POST /v1/tenants name': ['text of SQL'],
  'PATCH /v1/tenants/{id} members_may': ['an empty list'],
  'PATCH /v1/tenants/{id} allowed_origins': ['an empty list'],
  'PATCH /v1/tenants/{id} frame_ancestors': ['an empty list'],
  'POST /v1/api-keys name': ['text of SQL'],
  'POST /v1/tenants/{id}/api-keys name': ['text of SQL'],
  'PUT /v1/users/{id} name': ['text of SQL'],
  'POST /v1/conversations name': ['text of SQL'],
  'POST /v1/conversations members': ['an empty list', 'a list'],
  'POST /v1/users/{id}/conversations name': ['text of SQL'],
  'POST /v1/users/{id}/conversations members': ['an empty list', 'a list'],
  'POST /v1/conversations/{id}/messages body': ['text of SQL'],
  'POST /v1/demo/sign-in user': ['a huge string', 'U+0000', 'half a surrogate pair', 'text of SQL'],
};

const cells = samples.flatMap((sample) =>
  Object.keys(sample.body).flatMap((name) =>
    Object.entries(replacements)
      .filter(([kind]) => !allowed[`${sample.call} ${name}`]?.includes(kind))
      .map(([kind, value]) => ({ sample, name, kind, value })),
  ),
);

test('[AU54] The table has every call that takes a body', async () => {
  const { body } = await server.call('GET', '/openapi.json');
  const documented = Object.entries(field(body, 'paths') ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations ?? {})
      .filter(([, operation]) => field(operation, 'requestBody') !== undefined)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  expect(samples.map(({ call }) => call).sort()).toEqual(documented.sort());
  expect(cells.length).toBeGreaterThan(180);
});

test.each(samples)('[AU54] $call: a field of a wrong kind is refused by name', async (sample) => {
  const [method = ''] = sample.call.split(' ');
  for (const cell of cells.filter((one) => one.sample === sample)) {
    const what = `${cell.name} as ${cell.kind}`;
    const body = { ...sample.body, [cell.name]: cell.value };
    const answer = await server.call(method, sample.path(), { bearer: sample.bearer(), body });
    expect(answer.status, what).toBe(400);
    const problem = problemSchema.strict().parse(answer.body);
    expect(problem.code, what).toBe('bad_request');
    expect(problem.field, what).toMatch(new RegExp(`^${cell.name}(\\.|$)`));
    // Told back shortly, whatever was sent.
    expect(answer.text.length, what).toBeLessThan(1_000);
  }
});

test('[AU54] None of it was stored, and nobody was troubled', async () => {
  const { sql } = server.database;
  expect(await sql.selectFrom('tenant').select('id').execute()).toHaveLength(1);
  expect(await sql.selectFrom('message').select('id').execute()).toEqual([]);
  expect(await sql.selectFrom('conversation').select('id').execute()).toHaveLength(1);
  expect(server.logged()).not.toContain('"level":50');
});
