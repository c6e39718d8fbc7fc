import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let document: Record<string, unknown>;

const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  requestBody: z
    .object({ required: z.literal(true), content: z.record(z.string(), z.unknown()) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});
type Operation = z.infer<typeof operationSchema>;

beforeAll(async () => {
  server = await createTestApp({ config: { demo: true }, demo: { people: async () => [] } });
  const answer = await server.call('GET', '/openapi.json');
  expect(answer.status).toBe(200);
  document = z.record(z.string(), z.unknown()).parse(answer.body);
});

afterAll(() => server[Symbol.asyncDispose]());

function operations(): [string, Operation][] {
  return Object.entries(field(document, 'paths') ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operationSchema.parse(operation),
    ]),
  );
}

test('[AU55] /openapi.json is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('[AU55] It lists exactly the routes that are mounted', () => {
  const mounted = server.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(/:([a-z]+)/g, '{$1}')}`);
  expect(
    operations()
      .map(([call]) => call)
      .sort(),
  ).toEqual([...new Set(mounted)].sort());
});

test('[AU55] It has every call of the contract that this version answers', () => {
  expect(operations().map(([call]) => call)).toEqual(
    expect.arrayContaining([
      'GET /healthz',
      'GET /readyz',
      'GET /openapi.json',
      'GET /metrics',
      'GET /app/messages/',
      'POST /v1/tenants',
      'PUT /v1/users/{id}',
      'POST /v1/users/{id}/tokens',
      'POST /v1/conversations',
      'GET /v1/conversations',
      'GET /v1/conversations/{id}',
      'GET /v1/conversations/{id}/messages',
      'POST /v1/conversations/{id}/messages',
      'GET /v1/tenants/{id}',
      'PATCH /v1/tenants/{id}',
      'POST /v1/tenants/{id}/suspend',
      'POST /v1/tenants/{id}/resume',
      'POST /v1/api-keys',
      'GET /v1/api-keys',
      'DELETE /v1/api-keys/{id}',
      'POST /v1/signing-keys',
      'GET /v1/signing-keys',
      'DELETE /v1/signing-keys/{kid}',
      'POST /v1/key-sources',
      'GET /v1/key-sources',
      'DELETE /v1/key-sources/{id}',
      'POST /v1/key-sources/{id}/read',
      'GET /v1/audit',
    ]),
  );
});

test('[AU55] Operations have names of their own, and every body is required', () => {
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [call, { requestBody }] of operations()) {
    if (requestBody === undefined) continue;
    expect(Object.keys(requestBody.content), call).toEqual(['application/json']);
  }
});

test('[AU55] Every reference leads somewhere, and every security scheme is described', () => {
  const text = JSON.stringify(document);
  for (const [, path = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    expect(field(document, path.replaceAll('/', '.')), path).toBeDefined();
  }
  const used = operations().flatMap(([, { security = [] }]) => security.flatMap(Object.keys));
  expect([...new Set(used)].sort()).toEqual(['apiKey', 'operatorKey', 'userToken']);
  for (const scheme of used) {
    expect(field(document, `components.securitySchemes.${scheme}.scheme`)).toBe('bearer');
  }
});

test('[AU55] Whoever needs a credential is told so, and whoever does not is let in', async () => {
  for (const [call, { security, responses }] of operations()) {
    const [method = '', path = ''] = call.split(' ');
    const answer = await server.call(method, path.replace(/\{[a-z]+\}/g, 'x'));
    const needed = security !== undefined && security.length > 0;
    expect(answer.status === 401, call).toBe(needed);
    expect('401' in responses, call).toBe(needed);
  }
});

test('[AU55] A message is never null where it is listed', () => {
  expect(field(document, 'components.schemas.Message.type')).toBe('object');
});

test('[AU45] Behind a path prefix, the addresses start there', async () => {
  const publicUrl = new URL('https://x.test/chat/');
  await using prefixed = await createTestApp({ config: { publicUrl } });
  const { body } = await prefixed.call('GET', '/chat/openapi.json');
  expect(field(body, 'servers')).toEqual([{ url: '/chat' }]);
});
