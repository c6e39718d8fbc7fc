import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

/** A body of exactly so many bytes that makes a tenant. */
function bodyOf(bytes: number, id: string): string {
  const start = `{"id":"${id}","name":"x","more":"`;
  return `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
}

function post(body: string, headers: Readonly<Record<string, string>> = {}) {
  return server.call('POST', '/v1/tenants', { bearer: operatorKey, body, headers });
}

describe('A body', () => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
  ])('[AU47] is read when it is JSON: %s', async (type) => {
    const answer = await post('{}', { 'Content-Type': type });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: 'id' });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/json; charset=utf-16',
    'application/jsonp',
    'application/ld+json',
    'text/json',
    'application/json, text/plain',
    '',
  ])('[AU47] of another type is refused: %s', async (type) => {
    const answer = await post('{"id":"typed","name":"x"}', { 'Content-Type': type });
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({ code: 'unsupported_media_type' });
  });

  test('[AU47] without a type is refused, not passed by unread', async () => {
    const response = await server.app.request('/v1/tenants', {
      method: 'POST',
      headers: { Authorization: `Bearer ${operatorKey}` },
      body: Buffer.from('{"id":"untyped","name":"x"}'),
    });
    expect(response.status).toBe(415);
    const none = await server.app.request('/v1/tenants', {
      method: 'POST',
      headers: { Authorization: `Bearer ${operatorKey}` },
    });
    expect(none.status).toBe(415);
  });

  test('[AU47] that is packed is refused', async () => {
    const answer = await post('{"id":"packed","name":"x"}', { 'Content-Encoding': 'gzip' });
    expect(answer.status).toBe(415);
  });

  test.each(['', '{', '{"id":}', "{'id':'x'}", 'undefined', '{"id":"x"}{"id":"y"}', '\u0000'])(
    '[AU47] that is not JSON is refused: %j',
    async (body) => {
      const answer = await post(body, { 'Content-Type': 'application/json' });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'bad_request', detail: 'The body is not JSON.' });
    },
  );

  test.each(['null', '7', '"text"', '[]', '[{"id":"x","name":"x"}]', 'true'])(
    '[AU47] that is no object is refused: %s',
    async (body) => {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'bad_request' });
    },
  );

  test('[AU47] that is not UTF-8 is refused', async () => {
    const response = await server.app.request('/v1/tenants', {
      method: 'POST',
      headers: { Authorization: `Bearer ${operatorKey}`, 'Content-Type': 'application/json' },
      body: Buffer.from('{"id":"x","name":"\xe9"}', 'latin1'),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: 'The body is not UTF-8.' });
  });

  test('[AU48] of 64 KiB is read, one byte more is not', async () => {
    expect((await post(bodyOf(limits.frameBytes, 'exact'))).status).toBe(201);
    const answer = await post(bodyOf(limits.frameBytes + 1, 'over'));
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ code: 'too_large' });
  });

  test('[AU48] nested ten thousand deep does no harm', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    expect((await post(`{"id":${deep},"name":"x"}`)).status).toBe(400);
  });

  test.each(['{"toString":"x","valueOf":1}', '{"toString":null}', '{"\\u0074oString":{}}'])(
    '[AU85] with an odd object where text belongs is refused, and no error of ours: %s',
    async (odd) => {
      for (const field of ['name', 'more']) {
        const answer = await post(`{"id":"odd","name":"x","${field}":{"length":${odd}}}`);
        expect(answer.status).toBe(400);
        expect(answer.body).toMatchObject({ code: 'bad_request' });
      }
    },
  );

  test('[AU47] with keys of the prototype changes nothing', async () => {
    const answer = await post('{"__proto__":{"id":"sneaked","name":"x"},"constructor":1}');
    expect(answer.status).toBe(400);
    expect(Object.hasOwn(Object.prototype, 'id')).toBe(false);
  });
});

/** The app behind Node's own server, whose requests differ from those made in memory. */
async function listen(): Promise<
  AsyncDisposable & { readonly url: string; readonly port: number }
> {
  const listener = getRequestListener(server.app.fetch);
  const http = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const jsonOfOperator = {
  Authorization: `Bearer ${operatorKey}`,
  'Content-Type': 'application/json',
};

describe('Over a real socket', () => {
  test('[AU48] an endless body is cut off, and the server goes on', async () => {
    await using http = await listen();
    const url = `${http.url}/v1/tenants`;
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const endless = request(url, { method: 'POST', headers: jsonOfOperator });
    endless.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    endless.on('error', reject);
    const chunk = Buffer.alloc(16 * 1024, 'x');
    let sent = 0;
    const pump = () => {
      while (!endless.destroyed && sent < 64 * 1024 * 1024) {
        sent += chunk.length;
        if (!endless.write(chunk)) {
          endless.once('drain', pump);
          return;
        }
      }
    };
    pump();
    expect(await promise).toBe(413);
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    endless.destroy();

    const body = '{"id":"after-the-flood","name":"x"}';
    const next = await fetch(url, { method: 'POST', headers: jsonOfOperator, body });
    expect(next.status).toBe(201);
  });

  test.each([{}, { 'Content-Type': 'application/json' }])(
    '[AU47] no body counts as an empty object where nothing is required: %j',
    async (type) => {
      await using http = await listen();
      const { api_key } = await server.tenant();
      const answer = await fetch(`${http.url}/v1/users/alice/tokens`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${api_key}`, ...type },
      });
      expect(answer.status).toBe(201);
    },
  );

  test('[AU38] ids arrive as they were written', async () => {
    await using http = await listen();
    const { api_key } = await server.tenant();
    for (const id of ['a/b', '%2F', '%252F', '100%', 'a b+c', '漢'.repeat(128), '[x]\\;?#']) {
      const answer = await fetch(`${http.url}/v1/users/${encodeURIComponent(id)}`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${api_key}`, 'Content-Type': 'application/json' },
        body: '{"name":"x"}',
      });
      expect(await answer.json()).toMatchObject({ id });
    }
  });

  test('[AU47] who hangs up in the middle of a body is not an error of the server', async () => {
    await using http = await listen();
    const logged = server.logged().length;
    const socket = connect(http.port, '127.0.0.1');
    socket.write(
      `POST /v1/tenants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${operatorKey}\r\n` +
        'X-Request-Id: hung-up\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"id":',
      () => socket.destroy(),
    );
    await expect.poll(() => server.logged().slice(logged)).toContain('hung-up');
    expect(server.logged().slice(logged)).toContain('The body ended early.');
    expect(server.logged().slice(logged)).not.toContain('"level":50');
  });
});
