import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from './testing/test-app.ts';

const origin = 'https://product.test';
let server: TestApp;

beforeAll(async () => {
  server = await createTestApp({ config: { allowedOrigins: [origin] } });
});

afterAll(() => server[Symbol.asyncDispose]());

const preflight = { 'Access-Control-Request-Method': 'POST' };

test('[AU46] A page of a listed origin may ask, call and read, errors included', async () => {
  const asked = await server.call('OPTIONS', '/v1/conversations', {
    headers: { Origin: origin, ...preflight },
  });
  expect(asked.status).toBe(204);
  expect(asked.headers.get('Access-Control-Allow-Origin')).toBe(origin);
  expect(asked.headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
  const called = await server.call('GET', '/v1/conversations', { headers: { Origin: origin } });
  expect(called.status).toBe(401);
  expect(called.headers.get('Access-Control-Allow-Origin')).toBe(origin);
  expect(called.headers.get('Access-Control-Allow-Credentials')).toBeNull();
  expect(called.headers.get('Vary')).toBe('Origin');
});

test.each([
  'https://product.test.evil.test',
  'https://evil.test',
  'http://product.test',
  'https://product.test:8443',
  'null',
])('[AU46] A page of any other origin gets no leave: %s', async (other) => {
  const asked = await server.call('OPTIONS', '/v1/conversations', {
    headers: { Origin: other, ...preflight },
  });
  expect(asked.status).toBe(405);
  expect(asked.headers.get('Access-Control-Allow-Origin')).toBeNull();
  const called = await server.call('GET', '/healthz', { headers: { Origin: other } });
  expect(called.headers.get('Access-Control-Allow-Origin')).toBeNull();
});

test('[AU46] With no origin listed there is no word of CORS', async () => {
  await using closed = await createTestApp();
  const answer = await closed.call('GET', '/healthz', { headers: { Origin: origin } });
  expect([...answer.headers.keys()].filter((name) => /access-control|vary/.test(name))).toEqual([]);
});
