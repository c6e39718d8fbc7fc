import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, field, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

function create(body: unknown) {
  return server.call('POST', '/v1/tenants', { bearer: operatorKey, body });
}

test('[AU20] POST /v1/tenants answers the secrets once, ready to use', async () => {
  const made = await create({ id: 'acme', name: ' Acme   Inc. ' });
  expect(made.status).toBe(201);
  expect(Object.keys(made.body ?? {}).sort()).toEqual(
    ['api_key', 'id', 'kid', 'name', 'signing_secret'].sort(),
  );
  expect(made.body).toMatchObject({ id: 'acme', name: 'Acme Inc.' });
  const bearer = String(field(made.body, 'api_key'));
  expect((await server.call('PUT', '/v1/users/a', { bearer, body: { name: 'A' } })).status).toBe(
    200,
  );

  const again = await create({ id: 'acme', name: 'Acme' });
  expect(again.status).toBe(409);
  expect(again.body).toMatchObject({ code: 'already_exists', field: 'id' });
  expect(again.text).not.toContain('pak_');
});

test.each([
  ['id', { name: 'x' }],
  ['id', { id: '', name: 'x' }],
  ['id', { id: 'Acme', name: 'x' }],
  ['id', { id: '-acme', name: 'x' }],
  ['id', { id: 'acme-', name: 'x' }],
  ['id', { id: 'ac_me', name: 'x' }],
  ['id', { id: 'ac:me', name: 'x' }],
  ['id', { id: 'a/b', name: 'x' }],
  ['id', { id: 'x'.repeat(64), name: 'x' }],
  ['id', { id: 'acmé', name: 'x' }],
  ['id', { id: 'acme\n', name: 'x' }],
  ['name', { id: 'good' }],
  ['name', { id: 'good', name: ' ' }],
  ['name', { id: 'good', name: 'x'.repeat(201) }],
  ['name', { id: 'good', name: 'a\u0000b' }],
  ['name', { id: 'good', name: null }],
])('[AU20] What no tenant can be is refused, naming `%s`: %j', async (name, body) => {
  const answer = await create(body);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
});

test('[AU20] A name with half a surrogate pair is refused', async () => {
  const answer = await create('{"id":"good","name":"a\\ud800"}');
  expect(answer.body).toMatchObject({ code: 'bad_request', field: 'name' });
});

test('[AU84] A misspelt setting is refused by name, and nothing is changed', async () => {
  const tenant = await server.tenant();
  const answer = await server.call('PATCH', `/v1/tenants/${tenant.id}`, {
    bearer: tenant.api_key,
    body: { directroy: 'none', members_may: ['rename'] },
  });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: 'bad_request', field: 'directroy' });
  const after = await server.call('GET', `/v1/tenants/${tenant.id}`, { bearer: tenant.api_key });
  expect(after.text).not.toContain('rename');
});
