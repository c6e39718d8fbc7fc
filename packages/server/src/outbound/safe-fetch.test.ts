import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createRawServer, type Socket } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { FetchError, fetchFailures } from './fetch-failure.ts';
import { SafeFetch } from './safe-fetch.ts';
import { testCertificate } from './testing/certificate.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Listens at a free port of this machine, until the test ends. */
async function listening(server: Server | ReturnType<typeof createRawServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What fetching from a server that answers so comes to: its JSON, or why there is none. */
async function answered(answer: RequestListener, timeMs = 5_000): Promise<unknown> {
  const port = await listening(createServer(answer));
  const fetch = new SafeFetch({ privateHosts: [`127.0.0.1:${port}`], timeMs });
  return fetched(fetch, `http://127.0.0.1:${port}/jwks`);
}

async function fetched(fetch: SafeFetch, url: string, lane = 'acme'): Promise<unknown> {
  try {
    return await fetch.json(url, lane);
  } catch (error) {
    if (error instanceof FetchError) return error.failure;
    throw error;
  }
}

const json = { 'Content-Type': 'application/json' };

describe('An address', () => {
  const fetch = new SafeFetch({
    privateHosts: ['login.internal:8080', '10.0.0.5:443', '[::1]:80'],
  });

  test.each([
    '',
    'login.example.com',
    '//login.example.com/jwks',
    'http://login.example.com/jwks',
    'https://login.example.com:8443/jwks',
    'https://login.example.com:80/jwks',
    'https://user@login.example.com/jwks',
    'https://user:password@login.example.com/jwks',
    'https://:password@login.example.com/jwks',
    'https://login.example.com/jwks#keys',
    'ftp://login.example.com/jwks',
    'file:///etc/passwd',
    'gopher://login.example.com/',
    'data:application/json,{}',
    'javascript:0',
    'https://',
    'https://exa mple.com/',
    'https://256.1.1.1/',
    `https://login.example.com/${'x'.repeat(2_000)}`,
    `https://login.example.com/${'é'.repeat(1_000)}`,
    'http://login.internal/jwks',
    'http://login.internal:8081/jwks',
    'http://login.internal.evil.example:8080/jwks',
    'http://10.0.0.5/jwks',
    'http://user@login.internal:8080/jwks',
  ])('[AU70] is never fetched: %s', async (url) => {
    expect(() => fetch.check(url)).toThrow(fetchFailures.bad_url);
    expect(await fetched(fetch, url)).toBe('bad_url');
  });

  test.each([
    ['https://login.example.com/jwks', 'https://login.example.com/jwks'],
    ['https://LOGIN.example.com:443', 'https://login.example.com/'],
    ['https://login.example.com/@me?a=b', 'https://login.example.com/@me?a=b'],
    ['http://login.internal:8080/jwks', 'http://login.internal:8080/jwks'],
    ['https://login.internal:8080/jwks', 'https://login.internal:8080/jwks'],
    ['https://10.0.0.5/jwks', 'https://10.0.0.5/jwks'],
    ['http://[0:0::1]/', 'http://[::1]/'],
  ])('[AU70] may be fetched: %s', (url, canonical) => {
    expect(fetch.check(url)).toBe(canonical);
  });

  test.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127.0.0.1./',
    'https://0/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fd00::1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.6/',
    'https://192.168.0.1/',
  ])('[AU70] of our own network is not connected to: %s', async (url) => {
    expect(await fetched(fetch, url)).toBe('no_public_address');
  });

  test.each([
    ['nowhere', []],
    ['this machine', ['127.0.0.1']],
    ['a cloud’s metadata', ['169.254.169.254']],
    ['a public and a private address', ['93.184.215.14', '10.0.0.1']],
    ['this machine in IPv6', ['::1']],
    ['a mapped address', ['::ffff:10.0.0.1']],
    ['what is no address', ['localhost']],
  ])('[AU70] whose name leads to %s is not connected to', async (_, addresses) => {
    const asked: string[] = [];
    const resolving = new SafeFetch({
      privateHosts: [],
      resolve: async (host) => {
        asked.push(host);
        return addresses;
      },
    });
    expect(await fetched(resolving, 'https://login.example.com/jwks')).toBe('no_public_address');
    expect(asked).toEqual(['login.example.com']);
  });
});

test.each(['https://localhost/', 'https://localhost./'])(
  '[AU70] The name of this machine leads nowhere: %s',
  async (url) => {
    expect(await fetched(new SafeFetch({ privateHosts: [] }), url)).toBe('no_public_address');
  },
);

test('[AU70] The address that was checked is connected to, whatever the name leads to next', async () => {
  const asked: boolean[] = [];
  const hosts: (string | undefined)[] = [];
  const port = await listening(
    createServer((request, response) => {
      hosts.push(request.headers.host);
      response.writeHead(200, json).end('{"keys":[]}');
    }),
  );
  const fetch = new SafeFetch({
    privateHosts: [`rebinding.invalid:${port}`],
    resolve: async (_host, listed) => {
      asked.push(listed);
      return asked.length === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
    },
  });
  expect(await fetch.json(`http://rebinding.invalid:${port}/`, 'acme')).toEqual({ keys: [] });
  expect(asked).toEqual([true]);
  expect(hosts).toEqual([`rebinding.invalid:${port}`]);
});

test('[AU71] A server is believed by its certificate for the name', async () => {
  const own = testCertificate('login.invalid');
  const other = testCertificate('other.invalid');
  const unknown = testCertificate('login.invalid');
  setDefaultCACertificates([own.cert, other.cert]);
  const results: unknown[] = [];
  for (const certificate of [own, other, unknown]) {
    const port = await listening(
      createSecureServer(certificate, (_, response) => response.writeHead(200, json).end('{}')),
    );
    const fetch = new SafeFetch({
      privateHosts: [`login.invalid:${port}`],
      resolve: async () => ['127.0.0.1'],
    });
    results.push(await fetched(fetch, `https://login.invalid:${port}/`));
  }
  expect(results).toEqual([{}, 'unreachable', 'unreachable']);
});

test('[AU71] JSON is fetched, with nothing of ours but a name', async () => {
  let sent: Readonly<Record<string, unknown>> = {};
  const result = await answered((request, response) => {
    sent = request.headers;
    response.writeHead(200, { 'Content-Type': 'application/jwk-set+json; charset=utf-8' });
    response.end('{"keys":["é"]}');
  });
  expect(result).toEqual({ keys: ['é'] });
  expect(Object.keys(sent).sort()).toEqual(
    ['accept', 'accept-encoding', 'connection', 'host', 'user-agent'].sort(),
  );
});

const megabyte = 1024 * 1024;

test.each<[string, RequestListener]>([
  ['bad_status', (_, response) => response.writeHead(302, { Location: '/other' }).end()],
  [
    'bad_status',
    (_, response) => response.writeHead(301, { ...json, Location: 'file:///' }).end('{}'),
  ],
  ['bad_status', (_, response) => response.writeHead(404, json).end('{}')],
  ['bad_status', (_, response) => response.writeHead(500, json).end('{}')],
  ['bad_status', (_, response) => response.writeHead(204).end()],
  ['bad_type', (_, response) => response.writeHead(200).end('{}')],
  ['bad_type', (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('{}')],
  [
    'bad_type',
    (_, response) => response.writeHead(200, { 'Content-Type': 'application/jsonp' }).end('{}'),
  ],
  [
    'bad_type',
    (_, response) =>
      response
        .writeHead(200, { ...json, 'Content-Encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(10 * megabyte, 0x20))),
  ],
  ['not_json', (_, response) => response.writeHead(200, json).end('{')],
  ['not_json', (_, response) => response.writeHead(200, json).end()],
  ['not_json', (_, response) => response.writeHead(200, json).end(Buffer.from('"é"', 'latin1'))],
  ['not_json', (_, response) => response.writeHead(200, json).end(' '.repeat(megabyte))],
  ['too_large', (_, response) => response.writeHead(200, json).end(' '.repeat(megabyte + 1))],
  [
    'too_large',
    (_, response) => {
      response.writeHead(200, json);
      const pour = () => {
        while (response.write(' '.repeat(65_536)));
        response.once('drain', pour);
      };
      pour();
    },
  ],
  ['too_large', (_, response) => response.writeHead(200, { ...json, X: 'x'.repeat(17_000) }).end()],
  ['unreachable', (request) => request.socket.destroy()],
  [
    'unreachable',
    (request, response) => {
      response.writeHead(200, { ...json, 'Content-Length': 100 }).write('{');
      setImmediate(() => request.socket.destroy());
    },
  ],
])('[AU71] What is not plain JSON is refused: %s', async (failure, answer) => {
  expect(await answered(answer)).toBe(failure);
});

test.each<[string, RequestListener]>([
  ['never answers', () => {}],
  ['stops in the middle', (_, response) => response.writeHead(200, json).write('{')],
  [
    'drips',
    (_, response) => {
      response.writeHead(200, json);
      const drip = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(drip));
    },
  ],
  ['only promises to answer', (_, response) => response.writeProcessing()],
])('[AU71] All of it takes a bounded time: a server that %s', async (_, answer) => {
  expect(await answered(answer, 300)).toBe('timeout');
});

test('[AU71] A name that is never found takes a bounded time', async () => {
  const fetch = new SafeFetch({
    privateHosts: [],
    timeMs: 100,
    resolve: () => new Promise(() => {}),
  });
  expect(await fetched(fetch, 'https://login.example.com/')).toBe('timeout');
});

test('[AU71] A server that switches to another protocol is left', async () => {
  const port = await listening(
    createRawServer((socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n{}');
    }),
  );
  const fetch = new SafeFetch({ privateHosts: [`127.0.0.1:${port}`] });
  expect(await fetched(fetch, `http://127.0.0.1:${port}/`)).toBe('unreachable');
});

test('[AU71] Nothing of what was sent is told, not even in a cause', async () => {
  const port = await listening(
    createServer((_, response) => response.writeHead(200, json).end('{"canary": canary-of-them}')),
  );
  const fetch = new SafeFetch({ privateHosts: [`127.0.0.1:${port}`] });
  const error = await fetch
    .json(`http://127.0.0.1:${port}/`, 'acme')
    .catch((reason: unknown) => reason);
  if (!(error instanceof FetchError)) throw new Error('It did not fail.');
  expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.toContain('canary');
});

test('[AU83] Whoever is slow to answer holds up those who asked, not others', async () => {
  const waiting: ServerResponse[] = [];
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const quick = await listening(
    createServer((_, response) => response.writeHead(200, json).end('1')),
  );
  const slow = await listening(
    createServer((_, response) => {
      if (waiting.push(response) === 4) resolve();
    }),
  );
  const fetch = new SafeFetch({ privateHosts: [`127.0.0.1:${quick}`, `127.0.0.1:${slow}`] });
  const url = `http://127.0.0.1:${slow}/`;
  const many = Array.from({ length: 20 }, () => fetched(fetch, url, 'slow'));
  await asked;
  await expect(fetch.json(url, 'slow')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await fetched(fetch, `http://127.0.0.1:${quick}/`, 'quick')).toBe(1);
  expect(waiting).toHaveLength(4);
  fetch.stop();
  expect(new Set(await Promise.all(many))).toEqual(new Set(['stopped']));
});

test('[AU71] When the server stops, nothing is waited for', async () => {
  let arrived = () => {};
  const there = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const port = await listening(createServer(() => arrived()));
  const fetch = new SafeFetch({ privateHosts: [`127.0.0.1:${port}`] });
  const under = fetched(fetch, `http://127.0.0.1:${port}/`);
  await there;
  fetch.stop();
  expect(await under).toBe('stopped');
  expect(await fetched(fetch, `http://127.0.0.1:${port}/`)).toBe('stopped');
});
