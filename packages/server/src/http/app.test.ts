import { isUuid } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectionLost } from '../db/failure.ts';
import { createTestApp, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

describe('What goes wrong', () => {
  test('[AU41] An unknown address is a problem with code, text and request id', async () => {
    const answer = await server.call('GET', '/v1/nothing');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: 'urn:parley:error:not_found',
      title: 'Not found',
      status: 404,
      detail: 'There is nothing at this address. See /openapi.json for what there is.',
      code: 'not_found',
      retryable: false,
      request_id: answer.headers.get('X-Request-Id'),
    });
  });

  test.each([
    ['DELETE', '/v1/conversations', 'POST, GET, HEAD'],
    ['GET', '/v1/tenants', 'POST'],
    ['HEAD', '/v1/tenants', 'POST'],
    ['PATCH', '/v1/users/alice', 'PUT, GET, HEAD, DELETE'],
    ['OPTIONS', '/v1/users/a%2Fb/tokens', 'POST'],
    ['POST', '/app/messages/', 'GET, HEAD'],
  ])(
    '[AU41] A wrong method is 405 and tells the right ones: %s %s',
    async (method, path, allow) => {
      const answer = await server.call(method, path);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('Allow')).toBe(allow);
      if (method !== 'HEAD') expect(answer.body).toMatchObject({ code: 'method_not_allowed' });
    },
  );

  test('[AU42] A failure inside tells its request id and nothing else; the log has the cause', async () => {
    const failure = new Error('select secret from signing_key failed');
    await using broken = await createTestApp({
      config: { demo: true },
      demo: { people: () => Promise.reject(failure) },
    });
    const answer = await broken.call('GET', '/v1/demo/people');
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ code: 'internal', retryable: true });
    expect(answer.text).not.toMatch(/secret|select|signing|\.ts/);
    expect(broken.logged()).toContain(failure.message);
    expect(broken.logged()).toContain('app.test.ts');
    expect(broken.logged()).toContain(answer.headers.get('X-Request-Id'));
  });

  test('[AU42] A database that is away is 503, to be repeated', async () => {
    await using broken = await createTestApp({
      config: { demo: true },
      demo: { people: () => Promise.reject(new ConnectionLost()) },
    });
    const answer = await broken.call('GET', '/v1/demo/people');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Retry-After')).toBe('1');
    expect(answer.body).toMatchObject({ code: 'unavailable', retry_after_ms: 1_000 });
    expect(answer.text).not.toContain('PostgreSQL');
  });
});

describe('Request ids', () => {
  test.each(['abc', 'A-1_b.2', 'x'.repeat(64)])('[AU43] A plain one is kept: %s', async (id) => {
    const answer = await server.call('GET', '/healthz', { headers: { 'X-Request-Id': id } });
    expect(answer.headers.get('X-Request-Id')).toBe(id);
  });

  test.each(['x'.repeat(65), 'a b', '"quoted"', 'é', '{"level":50}', ''])(
    '[AU43] Any other is replaced: %s',
    async (id) => {
      const answer = await server.call('GET', '/nothing', { headers: { 'X-Request-Id': id } });
      const given = answer.headers.get('X-Request-Id') ?? '';
      expect(isUuid(given)).toBe(true);
      expect(answer.body).toMatchObject({ request_id: given });
    },
  );
});

describe('Headers', () => {
  test.each([
    ['GET', '/healthz', 200],
    ['GET', '/readyz', 200],
    ['GET', '/openapi.json', 200],
    ['GET', '/', 302],
    ['GET', '/app/messages', 308],
    ['GET', '/app/messages/', 503],
    ['GET', '/nothing', 404],
    ['POST', '/healthz', 405],
    ['GET', '/metrics', 401],
    ['GET', '/v1/conversations', 401],
    ['POST', '/v1/tenants', 415],
  ])('[AU44] Every answer has the safe ones: %s %s', async (method, path, status) => {
    const bearer = status === 415 ? { bearer: operatorKey } : {};
    const answer = await server.call(method, path, bearer);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(answer.headers.get('Cache-Control')).toBe('private, no-store');
    expect(answer.headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(answer.headers.get('X-Powered-By')).toBeNull();
    expect(answer.headers.get('Set-Cookie')).toBeNull();
  });

  test('[AU44] Behind https, browsers are told to stay with it', async () => {
    await using https = await createTestApp({ config: { publicUrl: new URL('https://x.test') } });
    const answer = await https.call('GET', '/healthz');
    expect(answer.headers.get('Strict-Transport-Security')).toBe('max-age=31536000');
    expect((await server.call('GET', '/healthz')).headers.get('Strict-Transport-Security')).toBe(
      null,
    );
  });
});

describe('A path prefix in PUBLIC_URL', () => {
  test.each(['/chat', '/chat/', '/a/b'])(
    '[AU45] %s may be passed on by a proxy or stripped',
    async (prefix) => {
      const publicUrl = new URL(prefix, 'https://x.test');
      await using server = await createTestApp({ config: { publicUrl } });
      const bare = prefix.replace(/\/$/, '');
      for (const path of ['/healthz', `${bare}/healthz`]) {
        expect((await server.call('GET', path)).status).toBe(200);
      }
      for (const path of ['/', bare, `${bare}/`]) {
        const answer = await server.call('GET', path);
        expect(answer.status).toBe(302);
        expect(answer.headers.get('Location')).toBe(`${bare}/app/messages/`);
      }
      expect((await server.call('GET', `${bare}x/healthz`)).status).toBe(404);
      expect((await server.call('GET', `${bare}${bare}/healthz`)).status).toBe(404);
    },
  );
});
