import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTenant } from '../tenants/create-tenant.ts';
import { verifyToken } from '../tokens/verify-token.ts';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

const people = [
  { id: 'mara', name: 'Mara', avatar_url: null, title: 'Designer' },
  { id: 'ken', name: 'Ken', avatar_url: 'https://x.test/k.png', title: 'Engineer' },
];
let server: TestApp;

beforeAll(async () => {
  server = await createTestApp({ config: { demo: true }, demo: { people: async () => people } });
  await createTenant(server.parts, { id: 'demo', name: 'Demo' });
});

afterAll(() => server[Symbol.asyncDispose]());

test('[AU58] The demo shows its people in order, and signs in whoever is chosen', async () => {
  const list = await server.call('GET', '/v1/demo/people');
  expect(list.body).toEqual({ people });
  const signIn = await server.call('POST', '/v1/demo/sign-in', { body: { user: 'ken' } });
  expect(signIn.status).toBe(201);
  const token = String(field(signIn.body, 'token'));
  const verified = await verifyToken(server.parts.keys, token, Date.now());
  expect(verified).toMatchObject({ tenant: 'demo', user: 'ken' });
  expect(field(signIn.body, 'expires_at')).toBe(new Date(verified.expiresAt).toISOString());
});

test.each(['alice', '', 'MARA', '__proto__', 'mara\u0000'])(
  '[AU58] Nobody else can be signed in: %j',
  async (user) => {
    const answer = await server.call('POST', '/v1/demo/sign-in', { body: { user } });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: 'not_found' });
  },
);

test('[AU58] No field of the call leads to another tenant', async () => {
  const body = { user: 'mara', tenant: 'acme', tenant_id: 'acme', sub: 'root' };
  const answer = await server.call('POST', '/v1/demo/sign-in', { body });
  const token = String(field(answer.body, 'token'));
  const verified = await verifyToken(server.parts.keys, token, Date.now());
  expect(verified).toMatchObject({ tenant: 'demo', user: 'mara' });
});

test('[AU58] Outside demo mode there is no such address, whatever was handed in', async () => {
  await using closed = await createTestApp({ demo: { people: async () => people } });
  for (const [method, path] of [
    ['GET', '/v1/demo/people'],
    ['POST', '/v1/demo/sign-in'],
  ] as const) {
    expect((await closed.call(method, path)).status).toBe(404);
  }
  const { body } = await closed.call('GET', '/app/messages/config.json');
  expect(body).toEqual({ demo: false, people: null });
  const { text } = await closed.call('GET', '/openapi.json');
  expect(text).not.toContain('/v1/demo');
});
