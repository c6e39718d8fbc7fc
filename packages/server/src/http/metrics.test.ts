import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

const headers = { Host: 'localhost:8080' };

describe('/metrics', () => {
  test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])(
    '[AU56] is open to this machine: %s',
    async (from) => {
      const answer = await server.call('GET', '/metrics', { from, headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    },
  );

  test.each(['192.0.2.1', '10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '1127.0.0.1', ''])(
    '[AU56] is shut to others: %s',
    async (from) => {
      expect((await server.call('GET', '/metrics', { from, headers })).status).toBe(401);
    },
  );

  test.each(['127.0.0.1', '127.0.0.1:8080', '[::1]:80', 'LOCALHOST'])(
    '[AU56] is open to this machine by a name of its own: %s',
    async (Host) => {
      const call = { from: '127.0.0.1', headers: { Host } };
      expect((await server.call('GET', '/metrics', call)).status).toBe(200);
    },
  );

  test.each([
    'chat.example',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    '127.0.0.1@evil.test',
    '',
  ])('[AU56] is shut to who asks this machine by a name of the network: %s', async (Host) => {
    const call = { from: '127.0.0.1', headers: { Host } };
    expect((await server.call('GET', '/metrics', call)).status).toBe(401);
  });

  test.each(['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via', 'X-Forwarded-Host'])(
    '[AU56] is shut to whoever came through a proxy on this machine (%s)',
    async (name) => {
      const call = { from: '127.0.0.1', headers: { ...headers, [name]: '127.0.0.1' } };
      expect((await server.call('GET', '/metrics', call)).status).toBe(401);
    },
  );

  test('[AU56] is open to the operator from anywhere, and to nobody else', async () => {
    expect((await server.call('GET', '/metrics', { bearer: operatorKey })).status).toBe(200);
    const { api_key: bearer } = await server.tenant();
    expect((await server.call('GET', '/metrics', { bearer })).status).toBe(401);
  });

  test('[AU57] counts by route pattern: no id, no made-up method becomes a label', async () => {
    await server.call('PUT', '/v1/users/private-id');
    await server.call('GET', '/nothing/private-id');
    await server.call('BREW', '/healthz');
    const { text } = await server.call('GET', '/metrics', { from: '::1', headers });
    expect(text).toContain('method="PUT",route="/v1/users/:id",status="401"');
    expect(text).toContain('method="GET",route="none",status="404"');
    expect(text).toContain('method="other",route="none",status="405"');
    expect(text).not.toMatch(/private-id|BREW/);
  });
});
