import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, RawLine, upgradeRequest } from '../src/testing/raw-line.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
let behindTls: TestServer;
beforeAll(async () => {
  server = await startTestServer({ allowedOrigins: ['https://product.test'] });
  behindTls = await startTestServer({ publicUrl: new URL('https://chat.test') });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await behindTls[Symbol.asyncDispose]();
});

/** What comes back for these bytes, once the answer is whole. */
async function ask(bytes: string | Buffer, to: TestServer = server): Promise<RawAnswer> {
  const line = await RawLine.open(to.url);
  line.write(bytes);
  await line.has('\r\n\r\n');
  const length = Number(line.answer().headers.get('content-length') ?? 0);
  if (!String(bytes).startsWith('HEAD')) {
    while (line.answer().body.length < length && !line.socket.destroyed) {
      await new Promise((resolve) => line.socket.once('data', resolve).once('close', resolve));
    }
  }
  line.end();
  return line.answer();
}

const get = (target: string, more = '') =>
  `GET ${target} HTTP/1.1\r\nHost: chat.test\r\n${more}\r\n`;

const post = (target: string, more: string, body: string) =>
  `POST ${target} HTTP/1.1\r\nHost: chat.test\r\n${more}\r\n${body}`;

/** Requests that never reach the application. */
const malformed: [what: string, status: number, bytes: string][] = [
  ['no HTTP', 400, 'hello\r\n\r\n'],
  ['TLS', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a version that is none', 400, 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
  ['no Host', 400, 'GET /healthz HTTP/1.1\r\n\r\n'],
  ['two Hosts', 400, get('/healthz', 'Host: evil.test\r\n')],
  ['a Host that is none', 400, 'GET /healthz HTTP/1.1\r\nHost: a b/c\r\n\r\n'],
  ['a Host with a user', 400, 'GET /healthz HTTP/1.1\r\nHost: chat.test@evil.test\r\n\r\n'],
  [
    'two Origins',
    400,
    get('/v1/conversations', 'Origin: https://a.test\r\nOrigin: https://b.test\r\n'),
  ],
  [
    'two Authorizations',
    400,
    get('/v1/x', 'Authorization: Bearer a\r\nAuthorization: Bearer b\r\n'),
  ],
  ['a header without a name', 400, get('/healthz', ': x\r\n')],
  ['a header with a space before the colon', 400, get('/healthz', 'X-A : x\r\n')],
  ['a folded header', 400, get('/healthz', 'X-A: x\r\n y\r\n')],
  ['a bare line feed in a header', 400, get('/healthz', 'X-A: x\nX-B: y\r\n')],
  ['a NUL in a header', 400, get('/healthz', 'X-A: x\0y\r\n')],
  ['headers without end', 431, get('/healthz', `X-A: ${'x'.repeat(20_000)}\r\n`)],
  ['very many headers', 431, get('/healthz', 'X: 1\r\n'.repeat(4_000))],
  ['an address without end', 431, get(`/${'x'.repeat(20_000)}`)],
  [
    'two lengths',
    400,
    post('/v1/conversations', 'Content-Length: 1\r\nContent-Length: 2\r\n', 'xx'),
  ],
  [
    'a length and chunks',
    400,
    post('/v1/conversations', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  ],
  ['a length that is none', 400, post('/v1/conversations', 'Content-Length: -1\r\n', '')],
  [
    'chunks within chunks',
    400,
    post('/v1/x', 'Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'),
  ],
  ['another expectation', 417, get('/healthz', 'Expect: 200-ok\r\n')],
  ['CONNECT', 405, 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n'],
  ['a step up', 400, get('/app/messages/../../metrics')],
  ['a step up in disguise', 400, get('/app/%2e%2e/metrics')],
  ['a backslash', 400, get('/app\\..\\metrics')],
  ['an upgrade elsewhere', 404, upgradeRequest('', '/v1/wsx')],
  ['an upgrade by a detour', 400, upgradeRequest('', '/v1/../v1/ws')],
  ['an upgrade of a foreign page', 403, upgradeRequest('Origin: https://evil.test\r\n')],
  ['an upgrade with two pages', 400, upgradeRequest('Origin: https://a\r\nOrigin: https://b\r\n')],
  ['an upgrade of another version', 400, upgradeRequest().replace('Version: 13', 'Version: 8')],
  ['an upgrade without a key', 400, upgradeRequest().replace(/Sec-WebSocket-Key.*\r\n/, '')],
  ['an upgrade by POST', 405, upgradeRequest().replace('GET', 'POST')],
];

/** Requests that do, with what comes back. */
const served: [what: string, status: number, bytes: string][] = [
  ['an answer', 200, get('/healthz')],
  ['HEAD', 200, get('/healthz').replace('GET', 'HEAD')],
  ['HTTP/1.0', 200, 'GET /healthz HTTP/1.0\r\n\r\n'],
  ['a whole address', 200, get('http://chat.test/healthz')],
  ['no such address', 404, get('/nothing')],
  ['a wrong method', 405, 'DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a method that is none', 400, 'BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['TRACE', 405, 'TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['OPTIONS', 405, 'OPTIONS /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['OPTIONS of all', 400, 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['no token', 401, get('/v1/conversations')],
  ['a foreign page', 403, get('/v1/conversations', 'Origin: https://evil.test\r\n')],
  [
    'leave for a page',
    204,
    'OPTIONS /v1/conversations HTTP/1.1\r\nHost: x\r\nOrigin: https://product.test\r\n' +
      'Access-Control-Request-Method: POST\r\n\r\n',
  ],
  ['a way to the page', 302, get('/')],
  ['a page that is not built', 503, get('/app/messages/')],
  ['an address that does not decode', 400, get('/v1/users/%ff')],
];

describe('every answer', () => {
  it.each([...malformed, ...served])(
    '[OR10] has the safe headers: %s is %i',
    async (_, status, bytes) => {
      for (const one of [server, behindTls]) {
        const answer = await ask(bytes, one);
        const { headers } = answer;
        const isOurPage = one === behindTls && answer.status === 403;
        if (!isOurPage) expect(answer.status).toBe(status);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
        expect(headers.get('content-security-policy')).toMatch(
          /default-src 'none'.*frame-ancestors 'none'/,
        );
        expect(headers.get('cache-control')).toBe('private, no-store');
        expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
        expect(headers.get('strict-transport-security')).toBe(
          one === behindTls ? 'max-age=31536000' : undefined,
        );
        for (const name of ['set-cookie', 'server', 'x-powered-by'])
          expect(headers.has(name)).toBe(false);
      }
    },
  );

  it.each(malformed)(
    '[OR21] %s is answered as a problem, and the line ends',
    async (_, status, bytes) => {
      const line = await RawLine.open(server.url);
      line.write(bytes);
      await line.closed;
      const { headers, body, status: told } = line.answer();
      expect(told).toBe(status);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('connection')).toBe('close');
      const problem: unknown = JSON.parse(body);
      expect(problem).toMatchObject({ status, retryable: false });
      // One answer, whatever came after the first request.
      expect(line.received.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      line.end();
    },
  );

  it('[OR11] what depends on who asks is kept by no cache', async () => {
    const tenant = await server.tenant(['ann']);
    const bearer = await tenant.token('ann');
    for (const more of [
      '',
      `Authorization: Bearer ${bearer}\r\n`,
      'Origin: https://product.test\r\n',
    ]) {
      const { headers } = await ask(get('/v1/conversations', more));
      expect(headers.get('cache-control')).toBe('private, no-store');
      expect(headers.get('vary')?.split(', ')).toEqual(['Origin', 'Authorization']);
      expect(headers.has('etag')).toBe(false);
    }
  });

  it('[OR21] an expectation to go on is met, and the body read', async () => {
    const tenant = await server.tenant(['ann']);
    const bearer = await tenant.token('ann');
    const line = await RawLine.open(server.url);
    const body = '{"kind":"group","members":[]}';
    line.write(
      post(
        '/v1/conversations',
        `Authorization: Bearer ${bearer}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n`,
        '',
      ),
    );
    await line.has('100 Continue');
    line.write(body);
    await line.has('HTTP/1.1 201');
    line.end();
  });
});

describe('a body that does not come', () => {
  it('[LI22] of somebody unknown is not waited for', async () => {
    const line = await RawLine.open(server.url);
    line.write(post('/v1/conversations', 'Transfer-Encoding: chunked\r\n', '1\r\nx\r\n'));
    const dripping = setInterval(() => line.write('1\r\nx\r\n'), 50);
    expect(await line.closed).toBeLessThan(5_000);
    clearInterval(dripping);
    expect(line.answer().status).toBe(401);
    line.end();
  });
});
