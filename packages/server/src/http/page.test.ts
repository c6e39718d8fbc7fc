import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from './testing/test-app.ts';

const html = '<!doctype html><title>Parley</title>';
const script = `// ${'a long comment '.repeat(200)}\nconsole.log(1);`;
let folder: string;
let server: TestApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-page-'));
  const dist = join(folder, 'dist');
  await mkdir(join(dist, 'assets'), { recursive: true });
  await writeFile(join(folder, 'outside.txt'), 'a secret');
  await writeFile(join(dist, 'index.html'), html);
  await writeFile(join(dist, 'assets', 'index-Ab3.js'), script);
  await writeFile(join(dist, 'assets', 'index-Ab3.css'), 'a{}');
  await writeFile(join(dist, 'assets', 'logo-Ab3.svg'), '<svg/>');
  await writeFile(join(dist, 'favicon.svg'), '<svg/>');
  await symlink(join(folder, 'outside.txt'), join(dist, 'assets', 'link.txt'));
  server = await createTestApp({ pageFolder: dist });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const policy = (connect: string, framedBy = "'none'") =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; ` +
  `connect-src 'self'${connect}; font-src 'self'; manifest-src 'self'; base-uri 'none'; ` +
  `form-action 'none'; frame-ancestors ${framedBy}; require-trusted-types-for 'script'`;

describe('The chat page', () => {
  test('[AU59] is served with a strict policy, and asked for anew each time', async () => {
    const answer = await server.call('GET', '/app/messages/', { headers: { Host: 'x.test:8080' } });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(html);
    expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('Cache-Control')).toBe('no-cache');
    expect(answer.headers.get('Content-Security-Policy')).toBe(
      policy(' ws://x.test:8080 wss://x.test:8080'),
    );
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
    const etag = answer.headers.get('ETag') ?? '';
    const again = await server.call('GET', '/app/messages/', {
      headers: { 'If-None-Match': etag },
    });
    expect(again.status).toBe(304);
    expect(again.text).toBe('');
  });

  test('[OR12] gives nobody a hold of its window, and uses no device', async () => {
    const { headers } = await server.call('GET', '/app/messages/');
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin');
    for (const feature of ['camera', 'microphone', 'geolocation', 'payment']) {
      expect(headers.get('Permissions-Policy')).toContain(`${feature}=()`);
    }
  });

  test('[OR12] may be framed by the pages that the tenant in its address lists', async () => {
    const framing = await server.tenant();
    const plain = await server.tenant();
    const frames = ['https://product.test', "https://x.test'; script-src *", 'https://b.test:8443'];
    await server.database.sql
      .updateTable('tenant')
      .set({ settings: JSON.stringify({ frame_ancestors: frames }) })
      .where('id', '=', framing.id)
      .execute();
    const policyOf = async (query: string, more: Readonly<Record<string, string>> = {}) => {
      const call = { headers: { Host: '', ...more } };
      const answer = await server.call('GET', `/app/messages/${query}`, call);
      return [answer.status, answer.headers.get('Content-Security-Policy')];
    };
    const allowed = policy('', 'https://product.test https://b.test:8443');
    expect(await policyOf(`?tenant=${framing.id}`)).toEqual([200, allowed]);
    const etag = (await server.call('GET', '/app/messages/')).headers.get('ETag') ?? '';
    expect(await policyOf(`?tenant=${framing.id}`, { 'If-None-Match': etag })).toEqual([
      304,
      allowed,
    ]);
    // A tenant that lists none, one that does not exist and what cannot be one: all the same.
    const others = [plain.id, 'nobody', '', '*', "x'; script-src *"];
    const closed = await server.call('GET', '/app/messages/?tenant=nobody');
    for (const other of others) {
      const query = `?tenant=${encodeURIComponent(other)}`;
      expect(await policyOf(query), other).toEqual([200, policy('')]);
      const answer = await server.call('GET', `/app/messages/${query}`);
      expect(answer.text).toBe(closed.text);
      expect([...answer.headers.keys()]).toEqual([...closed.headers.keys()]);
    }
  });

  test.each(["x'; script-src *", 'x; script-src *', 'x y', '*', '', 'x/y'])(
    '[AU59] lets no Host header write its policy: %s',
    async (Host) => {
      const answer = await server.call('GET', '/app/messages/', { headers: { Host } });
      expect(answer.headers.get('Content-Security-Policy')).toBe(policy(''));
    },
  );

  test('[AU59] names the socket of PUBLIC_URL in its policy', async () => {
    const publicUrl = new URL('https://chat.test/parley');
    await using prefixed = await createTestApp({
      pageFolder: join(folder, 'dist'),
      config: { publicUrl },
    });
    const answer = await prefixed.call('GET', '/parley/app/messages/');
    expect(answer.headers.get('Content-Security-Policy')).toBe(policy(' wss://chat.test'));
  });

  test.each([
    [
      'assets/index-Ab3.js',
      'text/javascript; charset=utf-8',
      'public, max-age=31536000, immutable',
    ],
    ['assets/index-Ab3.css', 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['assets/logo-Ab3.svg', 'image/svg+xml', 'public, max-age=31536000, immutable'],
    ['favicon.svg', 'image/svg+xml', 'no-cache'],
    ['config.json', 'application/json', 'private, no-store'],
  ])('[AU59] has files of the right type: %s', async (path, type, cache) => {
    const answer = await server.call('GET', `/app/messages/${path}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe(type);
    expect(answer.headers.get('Cache-Control')).toBe(cache);
    const head = await server.call('HEAD', `/app/messages/${path}`);
    expect(head.status).toBe(200);
    expect(head.text).toBe('');
    expect(head.headers.get('Content-Type')).toBe(type);
  });

  test.each([
    'assets/',
    'assets',
    'assets/nothing.js',
    'nothing',
    'c/some-conversation',
    'assets/../index.html/x',
    'assets/..%2Findex.html',
    '..%2Foutside.txt',
    '..%5Coutside.txt',
    'assets/%2e%2e%2f%2e%2e%2foutside.txt',
    'assets/..%252f..%252foutside.txt',
    'assets/link.txt',
    '%2Fetc%2Fpasswd',
    'index.html%00',
    'assets/__proto__',
    'constructor',
  ])('[AU59] has nothing else, and never the page instead: %s', async (path) => {
    const answer = await server.call('GET', `/app/messages/${path}`);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: 'not_found' });
    expect(answer.headers.get('Cache-Control')).toBe('private, no-store');
  });

  test.each([
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
    ['identity', null, undefined],
    ['', null, undefined],
  ])('[AU59] is packed as the browser likes: %s', async (accepted, encoding, unpack) => {
    const response = await server.app.request('/app/messages/assets/index-Ab3.js', {
      headers: { 'Accept-Encoding': accepted },
    });
    expect(response.headers.get('Content-Encoding')).toBe(encoding);
    expect(response.headers.get('Vary')).toBe('Accept-Encoding');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect((unpack?.(bytes) ?? bytes).toString()).toBe(script);
  });

  test('[AU59] is found from the roads to it', async () => {
    const root = await server.call('GET', '/');
    expect([root.status, root.headers.get('Location')]).toEqual([302, '/app/messages/']);
    const bare = await server.call('GET', '/app/messages');
    expect([bare.status, bare.headers.get('Location')]).toEqual([308, '/app/messages/']);
  });

  test('[AU59] that is not built says so, and appears once it is', async () => {
    const later = join(folder, 'later');
    await using unbuilt = await createTestApp({ pageFolder: later });
    const answer = await unbuilt.call('GET', '/app/messages/');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ detail: 'The page is not built. Run `npm start`.' });
    expect(answer.text).not.toContain(folder);
    await mkdir(later);
    await writeFile(join(later, 'index.html'), html);
    expect((await unbuilt.call('GET', '/app/messages/')).status).toBe(200);
  });
});
