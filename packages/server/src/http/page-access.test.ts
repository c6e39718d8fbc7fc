import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { createTestApp, type TestApp } from './testing/test-app.ts';

const allowed = 'https://product.test';
const listed = 'https://acme.test';
let server: TestApp;
let acme: NewTenant;
let other: NewTenant;

beforeAll(async () => {
  server = await createTestApp({ config: { allowedOrigins: [allowed] } });
  acme = await server.tenant();
  other = await server.tenant();
  await server.database.sql
    .updateTable('tenant')
    .set({ settings: JSON.stringify({ allowed_origins: [listed] }) })
    .where('id', '=', acme.id)
    .execute();
});

afterAll(() => server[Symbol.asyncDispose]());

const path = '/v1/conversations';
const preflight = { 'Access-Control-Request-Method': 'POST' };
const corsOf = (headers: Headers) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control'));

describe('pages that may call', () => {
  test.each([allowed, listed])('[OR4] ask, call and read, errors included: %s', async (origin) => {
    const headers = { Origin: origin };
    const asked = await server.call('OPTIONS', path, { headers: { ...headers, ...preflight } });
    expect([asked.status, asked.text]).toEqual([204, '']);
    expect(asked.headers.get('Access-Control-Allow-Origin')).toBe(origin);
    expect(asked.headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(asked.headers.get('Access-Control-Allow-Methods')).toContain(method);
    }
    const bearer = await server.token(acme, 'ann');
    const called = await server.call('GET', path, { headers, bearer });
    expect(called.status).toBe(200);
    for (const answer of [asked, called, await server.call('GET', path, { headers })]) {
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(origin);
      expect(answer.headers.get('Vary')).toContain('Origin');
      expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    }
  });

  test('[OR4] A page of the internet is not let into a private network', async () => {
    const asked = await server.call('OPTIONS', path, {
      headers: {
        Origin: allowed,
        ...preflight,
        'Access-Control-Request-Private-Network': 'true',
      },
    });
    expect(asked.status).toBe(204);
    expect(corsOf(asked.headers).some((name) => name.includes('network'))).toBe(false);
  });

  test("[OR2] One that a tenant lists does not speak for another's people or server", async () => {
    const headers = { Origin: listed };
    const calls = [
      { bearer: await server.token(other, 'ann'), path, method: 'GET' },
      { bearer: other.api_key, path: '/v1/users/eve', method: 'PUT' },
      { bearer: other.api_key, path: '/v1/users/eve/tokens', method: 'POST' },
    ];
    for (const { bearer, path, method } of calls) {
      const body = method === 'GET' ? {} : { body: { name: 'Eve' } };
      const answer = await server.call(method, path, { headers, bearer, ...body });
      expect([answer.status, answer.body]).toMatchObject([403, { code: 'origin_refused' }]);
      // The page may read why, and nothing else: what it may not is refused before.
      expect(answer.text).not.toContain(other.id);
    }
    const people = await server.database.sql
      .selectFrom('app_user')
      .select('id')
      .where('tenant_id', '=', other.id)
      .execute();
    expect(people).toEqual([]);
  });

  test('[OR2] Nor for the operator', async () => {
    const answer = await server.call('POST', '/v1/tenants', {
      headers: { Origin: listed },
      bearer: server.parts.config.operatorKey,
      body: { id: 'made-by-a-page', name: 'x' },
    });
    expect(answer.status).toBe(403);
  });
});

const foreign = [
  'https://evil.test',
  'https://product.test.evil.test',
  'http://product.test',
  'https://product.test:8443',
  'https://PRODUCT.test',
  'null',
  '',
  'https://product.test, https://product.test',
];

describe.each(foreign)('[OR3] a page of %j', (origin) => {
  const headers = { Origin: origin };

  test('is refused before anybody looks at its token', async () => {
    const bearer = await server.token(acme, 'ann');
    for (const credential of [{}, { bearer: 'nonsense' }, { bearer }]) {
      for (const method of ['GET', 'POST', 'BREW']) {
        const answer = await server.call(method, path, { headers, ...credential });
        expect([answer.status, answer.body]).toMatchObject([403, { code: 'origin_refused' }]);
        expect(corsOf(answer.headers)).toEqual([]);
        expect(answer.headers.get('Vary')).toContain('Origin');
      }
    }
  });

  test('gets no leave to call', async () => {
    const asked = await server.call('OPTIONS', path, { headers: { ...headers, ...preflight } });
    expect([asked.status, corsOf(asked.headers)]).toEqual([403, []]);
    const bare = await server.call('OPTIONS', path, { headers });
    expect([bare.status, corsOf(bare.headers)]).toEqual([403, []]);
  });

  test('reads nothing of what is for everybody', async () => {
    for (const open of ['/healthz', '/openapi.json', '/app/messages/config.json']) {
      const answer = await server.call('GET', open, { headers });
      expect([open, answer.status, corsOf(answer.headers)]).toEqual([open, 200, []]);
    }
  });
});

test('[AU46] Without an Origin there is no word of CORS', async () => {
  const answer = await server.call('OPTIONS', path, { headers: preflight });
  expect([answer.status, corsOf(answer.headers)]).toEqual([405, []]);
});

test('[OR5] A cookie is neither set nor looked at', async () => {
  const bearer = await server.token(acme, 'ann');
  const cookies = [`Authorization=Bearer ${bearer}`, `token=${bearer}`, `bearer=${bearer}`];
  for (const Cookie of [...cookies, cookies.join('; ')]) {
    const answer = await server.call('GET', path, { headers: { Cookie } });
    expect(answer.status).toBe(401);
  }
  for (const route of server.app.routes) {
    const method = route.method === 'ALL' ? 'GET' : route.method;
    const address = route.path.replaceAll('*', 'x').replaceAll(/:[a-z]+/g, 'x');
    const body = method === 'GET' ? {} : { body: {} };
    for (const credential of [{}, { bearer }, { bearer: acme.api_key }]) {
      const answer = await server.call(method, address, { ...credential, ...body });
      expect(answer.headers.get('Set-Cookie'), `${method} ${address}`).toBeNull();
    }
  }
});
