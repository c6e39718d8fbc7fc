import type { ServerResponse } from 'node:http';
import { accessTopic } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { type KeySetServer, startKeySetServer } from '../testing/key-set-server.ts';
import { signedToken, type TestPair, testPair } from '../tokens/testing/key-pair.ts';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let published: KeySetServer;
let clock = Date.now();

beforeAll(async () => {
  published = await startKeySetServer();
  server = await createTestApp({ outbound: published.outbound, now: () => clock });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await published[Symbol.asyncDispose]();
});

const path = '/v1/key-sources';

function create(tenant: NewTenant, url = published.url) {
  return server.call('POST', path, { bearer: tenant.api_key, body: { url } });
}

/** Reads a source again, when that is allowed again. */
function read(tenant: NewTenant, id: unknown) {
  clock += 10_000;
  return server.call('POST', `${path}/${id}/read`, { bearer: tenant.api_key });
}

async function statusWith(tenant: NewTenant, kid: string, pair: TestPair): Promise<number> {
  const now = Math.floor(clock / 1000);
  const claims = { aud: 'parley', tenant: tenant.id, sub: 'alice', iat: now, exp: now + 60 };
  const bearer = signedToken({ alg: pair.algorithm, kid }, claims, pair);
  return (await server.call('GET', '/v1/conversations', { bearer })).status;
}

async function audited(tenant: NewTenant) {
  const { body } = await server.call('GET', '/v1/audit', { bearer: tenant.api_key });
  const entries = field(body, 'entries');
  return Array.isArray(entries) ? entries : [];
}

const [one, two, three] = [testPair('ES256'), testPair('EdDSA'), testPair('RS256')];

test('[AU66] A source is read when it is registered: its keys verify', async () => {
  const tenant = await server.tenant();
  published.publish([
    { ...one.jwk, kid: 'one' },
    { ...two.jwk, kid: 'two' },
    { ...three.jwk, kid: 'three' },
  ]);
  const made = await create(tenant);
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ url: published.url, failure: null, keys: 3, ignored: [] });
  for (const [kid, pair] of Object.entries({ one, two, three })) {
    expect(await statusWith(tenant, kid, pair)).toBe(200);
  }
  const listed = await server.call('GET', path, { bearer: tenant.api_key });
  expect(field(listed.body, 'key_sources')).toEqual([{ ...Object(made.body), ignored: undefined }]);
  const keys = await server.call('GET', '/v1/signing-keys', { bearer: tenant.api_key });
  expect(field(keys.body, 'signing_keys')).toContainEqual(
    expect.objectContaining({ kid: 'two', algorithm: 'EdDSA', source: field(made.body, 'id') }),
  );
});

test('[AU66] Keys that appear verify, keys that vanish are revoked', async () => {
  const tenant = await server.tenant();
  published.publish([
    { ...one.jwk, kid: 'one' },
    { ...two.jwk, kid: 'two' },
  ]);
  const id = field((await create(tenant)).body, 'id');
  expect(await statusWith(tenant, 'one', one)).toBe(200);
  const told: BusMessage[] = [];
  server.bus.onMessage((_, messages) => told.push(...messages));
  server.bus.subscribe(accessTopic(tenant.id));

  published.publish([
    { ...two.jwk, kid: 'two' },
    { ...three.jwk, kid: 'three' },
  ]);
  const again = await read(tenant, id);
  expect(again.status).toBe(200);
  expect(again.body).toMatchObject({ failure: null, keys: 2 });
  expect(await statusWith(tenant, 'one', one)).toBe(401);
  expect(await statusWith(tenant, 'two', two)).toBe(200);
  expect(await statusWith(tenant, 'three', three)).toBe(200);
  expect(told).toEqual([
    { type: 'access', ended: { reason: 'key', registration: expect.any(String) } },
  ]);
  expect(await audited(tenant)).toMatchObject([
    {
      action: 'signing_key.created',
      actor: { kind: 'system' },
      target: { source: id, kids: ['three'] },
    },
    {
      action: 'signing_key.revoked',
      actor: { kind: 'system' },
      target: { source: id, kids: ['one'] },
    },
    { action: 'signing_key.created', actor: { kind: 'system' }, target: { kids: ['one', 'two'] } },
    { action: 'key_source.created', actor: { kind: 'key' }, target: { source: id } },
  ]);

  published.publish([]);
  expect((await read(tenant, id)).body).toMatchObject({ failure: null, keys: 0 });
  expect(await statusWith(tenant, 'two', two)).toBe(401);
});

test('[AU66] A name that stands for another key now ends the old one', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'same' }]);
  const id = field((await create(tenant)).body, 'id');
  expect(await statusWith(tenant, 'same', one)).toBe(200);
  published.publish([{ ...two.jwk, kid: 'same' }]);
  expect((await read(tenant, id)).body).toMatchObject({ keys: 1, ignored: [] });
  expect(await statusWith(tenant, 'same', one)).toBe(401);
  expect(await statusWith(tenant, 'same', two)).toBe(200);
});

test('[AU66] A reading that finds the same changes nothing', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'one' }]);
  const id = field((await create(tenant)).body, 'id');
  const before = await audited(tenant);
  published.publish([{ ...one.jwk, kid: 'one', use: undefined, note: 'new' }]);
  expect((await read(tenant, id)).body).toMatchObject({ keys: 1 });
  expect(await audited(tenant)).toEqual(before);
});

test('[AU66] A source is asked at most once in ten seconds', async () => {
  const tenant = await server.tenant();
  published.publish([]);
  const id = field((await create(tenant)).body, 'id');
  const asked = published.asked();
  const now = () => server.call('POST', `${path}/${id}/read`, { bearer: tenant.api_key });
  const refused = await now();
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ code: 'rate_limited', retry_after_ms: 10_000 });
  expect(refused.headers.get('Retry-After')).toBe('10');
  clock += 10_000;
  const answers = await Promise.all([now(), now(), now()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
  expect(published.asked()).toBe(asked + 1);
});

test('[AU67] A reading that fails changes no key and is told, without a word of the answer', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'one' }]);
  const id = field((await create(tenant)).body, 'id');
  const canary = 'canary-of-the-other-side';
  const answers = [
    () => published.answer((_, response) => response.writeHead(500).end(canary)),
    () => published.answer((_, response) => response.writeHead(302, { Location: canary }).end()),
    () => published.answer((request) => request.socket.destroy()),
    () =>
      published.answer((_, response) =>
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"${canary}`),
      ),
    () =>
      published.answer((_, response) =>
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"a":"${canary}"}`),
      ),
    () =>
      published.publish(
        Array.from({ length: 51 }, (_, n) => ({ ...one.jwk, kid: `${canary}${n}` })),
      ),
  ];
  for (const prepare of answers) {
    prepare();
    const failed = await read(tenant, id);
    expect(failed.status).toBe(200);
    expect(field(failed.body, 'failure')).toMatch(/^[A-Z].*\.$/);
    expect(failed.body).toMatchObject({ keys: 1, ignored: [] });
    expect(failed.text).not.toContain(canary);
    expect(await statusWith(tenant, 'one', one)).toBe(200);
  }
  expect(server.logged()).not.toContain(canary);
  expect(await audited(tenant)).toHaveLength(2);
  published.publish([{ ...one.jwk, kid: 'one' }]);
  expect((await read(tenant, id)).body).toMatchObject({ failure: null, keys: 1 });
});

test('[AU67] The more readings fail, the later comes the next', async () => {
  const tenant = await server.tenant();
  published.answer((_, response) => response.writeHead(404).end());
  const id = field((await create(tenant)).body, 'id');
  const waits: number[] = [];
  const note = async () => {
    const row = await server.database.sql
      .selectFrom('key_source')
      .select(['next_read_at', 'read_at'])
      .where('tenant_id', '=', tenant.id)
      .executeTakeFirstOrThrow();
    waits.push((row.next_read_at.getTime() - (row.read_at?.getTime() ?? 0)) / 60_000);
  };
  await note();
  for (let tries = 0; tries < 5; tries++) {
    await read(tenant, id);
    await note();
  }
  published.publish([]);
  await read(tenant, id);
  await note();
  expect(waits).toEqual([5, 10, 20, 40, 60, 60, 5]);
});

test('[AU67] A reading that a later one overtook is void', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'one' }]);
  const id = field((await create(tenant)).body, 'id');
  // The first of two readings gets its answer after the second, which no longer lists the key.
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    published.answer((_, response) => {
      release = () => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(
          JSON.stringify({
            keys: [
              { ...one.jwk, kid: 'one' },
              { ...two.jwk, kid: 'two' },
            ],
          }),
        );
      };
      resolve();
    });
  });
  const slow = read(tenant, id);
  await asked;
  published.publish([]);
  expect((await read(tenant, id)).body).toMatchObject({ keys: 0 });
  release();
  expect((await slow).body).toMatchObject({ keys: 0 });
  expect(await statusWith(tenant, 'one', one)).toBe(401);
  expect(await statusWith(tenant, 'two', two)).toBe(401);
});

test('[AU67] A failure that a later reading overtook is not told', async () => {
  const tenant = await server.tenant();
  published.publish([]);
  const id = field((await create(tenant)).body, 'id');
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    published.answer((_, response) => {
      release = () => response.writeHead(500).end();
      resolve();
    });
  });
  const slow = read(tenant, id);
  await asked;
  published.publish([{ ...one.jwk, kid: 'one' }]);
  expect((await read(tenant, id)).body).toMatchObject({ keys: 1, failure: null });
  release();
  expect((await slow).body).toMatchObject({ keys: 1, failure: null });
});

test('[AU83] While sources are slow to answer, the tenant and others are served', async () => {
  const tenant = await server.tenant();
  const waiting: ServerResponse[] = [];
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  published.answer((_, response) => {
    if (waiting.push(response) === 4) resolve();
  });
  const making = Array.from({ length: 9 }, (_, n) => create(tenant, `${published.url}?${n}`));
  await asked;
  expect((await audited(tenant)).length).toBeGreaterThanOrEqual(4);
  published.publish([]);
  for (const response of waiting) response.destroy();
  for (const { status } of await Promise.all(making)) expect(status).toBe(201);
});

test('[AU68] A source never replaces a key that the tenant has', async () => {
  const tenant = await server.tenant();
  const bearer = tenant.api_key;
  await server.call('POST', '/v1/signing-keys', {
    bearer,
    body: { public_key: one.jwk, kid: 'mine' },
  });
  published.publish([
    { ...two.jwk, kid: 'mine' },
    { ...three.jwk, kid: tenant.kid },
    { ...two.jwk, kid: 'fresh' },
  ]);
  const made = await create(tenant);
  expect(made.body).toMatchObject({ failure: null, keys: 1 });
  expect(field(made.body, 'ignored')).toEqual([
    { index: 0, reason: expect.stringContaining('kid') },
    { index: 1, reason: expect.stringContaining('kid') },
  ]);
  expect(await statusWith(tenant, 'mine', one)).toBe(200);
  expect(await statusWith(tenant, 'mine', two)).toBe(401);
  expect(await statusWith(tenant, tenant.kid, three)).toBe(401);
  await server.token(tenant, 'alice');
});

test('[AU68] Of two sources with one key name, the first to list it has it', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'same' }]);
  const first = field((await create(tenant)).body, 'id');
  published.publish([{ ...two.jwk, kid: 'same' }]);
  const second = await create(tenant, `${published.url}?second`);
  expect(second.body).toMatchObject({ keys: 0, ignored: [{ index: 0 }] });
  expect(await statusWith(tenant, 'same', one)).toBe(200);
  expect(await statusWith(tenant, 'same', two)).toBe(401);
  await server.call('DELETE', `${path}/${first}`, { bearer: tenant.api_key });
  expect((await read(tenant, field(second.body, 'id'))).body).toMatchObject({ keys: 1 });
  expect(await statusWith(tenant, 'same', one)).toBe(401);
  expect(await statusWith(tenant, 'same', two)).toBe(200);
});

test('[AU68] Keys that cannot be relied on are left out, and told by their place', async () => {
  const tenant = await server.tenant();
  const published_private = one.privateKey.export({ format: 'jwk' });
  published.publish([
    { ...published_private, kid: 'private' },
    { ...two.jwk },
    { ...two.jwk, kid: 'two words' },
    { ...three.jwk, kid: 'enc', use: 'enc' },
    { ...three.jwk, kid: 'weak', e: 'AQ' },
    { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
    { ...two.jwk, kid: 'good' },
    { ...three.jwk, kid: 'good' },
    ['no key'],
  ]);
  const made = await create(tenant);
  expect(made.body).toMatchObject({ failure: null, keys: 1 });
  const ignored = field(made.body, 'ignored');
  expect(Array.isArray(ignored) && ignored.map((one) => field(one, 'index'))).toEqual([
    0, 1, 2, 3, 4, 5, 7, 8,
  ]);
  expect(made.text).not.toContain(String(published_private.d));
  expect(await statusWith(tenant, 'good', two)).toBe(200);
  expect(await statusWith(tenant, 'private', one)).toBe(401);
});

test('[AU68] A key of a source is taken off there, not here', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'theirs' }]);
  await create(tenant);
  const refused = await server.call('DELETE', '/v1/signing-keys/theirs', {
    bearer: tenant.api_key,
  });
  expect(refused.status).toBe(403);
  expect(await statusWith(tenant, 'theirs', one)).toBe(200);
});

test('[AU66] Removing a source revokes its keys and no others', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'one' }]);
  const id = field((await create(tenant)).body, 'id');
  published.publish([{ ...two.jwk, kid: 'two' }]);
  await create(tenant, `${published.url}?other`);
  expect(await statusWith(tenant, 'one', one)).toBe(200);
  const removed = await server.call('DELETE', `${path}/${id}`, { bearer: tenant.api_key });
  expect(removed.status).toBe(204);
  expect(await statusWith(tenant, 'one', one)).toBe(401);
  expect(await statusWith(tenant, 'two', two)).toBe(200);
  expect((await read(tenant, id)).status).toBe(404);
  expect((await audited(tenant))[0]).toMatchObject({
    action: 'key_source.removed',
    target: { source: id, kids: ['one'] },
  });
});

test('[AU66] A source that is removed while it is read leaves no keys', async () => {
  const tenant = await server.tenant();
  published.publish([]);
  const id = field((await create(tenant)).body, 'id');
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    published.answer((_, response) => {
      release = () => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ keys: [{ ...one.jwk, kid: 'late' }] }));
      };
      resolve();
    });
  });
  const reading = read(tenant, id);
  await asked;
  await server.call('DELETE', `${path}/${id}`, { bearer: tenant.api_key });
  release();
  expect((await reading).status).toBe(404);
  expect(await statusWith(tenant, 'late', one)).toBe(401);
});

test.each([
  'http://login.example.com/jwks.json',
  'https://login.example.com:8443/jwks.json',
  'https://user:password@login.example.com/jwks.json',
  'file:///etc/passwd',
  'not an address',
  '',
])('[AU70] An address that is never fetched is refused: %s', async (url) => {
  const tenant = await server.tenant();
  const refused = await create(tenant, url);
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({ code: 'bad_request', field: 'url' });
});

test('[AU70] An address inside our own network is asked for nothing', async () => {
  const tenant = await server.tenant();
  const made = await create(tenant, 'https://169.254.169.254/latest/meta-data');
  expect(made.body).toMatchObject({ failure: expect.stringContaining('not public'), keys: 0 });
});

test('[AU65] A tenant has at most 10 sources, each address once', async () => {
  const tenant = await server.tenant();
  published.publish([]);
  expect((await create(tenant)).status).toBe(201);
  const again = await create(tenant);
  expect(again.status).toBe(409);
  expect(again.body).toMatchObject({ code: 'already_exists', field: 'url' });
  const more = await Promise.all(
    Array.from({ length: 10 }, (_, n) => create(tenant, `${published.url}?${n}`)),
  );
  expect(more.filter(({ status }) => status === 201)).toHaveLength(9);
  expect(more.filter(({ status }) => status === 422)).toHaveLength(1);
});

test('[AU53] A foreign source is as if invented', async () => {
  const [tenant, rival] = [await server.tenant(), await server.tenant()];
  published.publish([]);
  const theirs = String(field((await create(rival)).body, 'id'));
  const headers = { 'X-Request-Id': 'same' };
  const texts: string[] = [];
  for (const id of [theirs, 'abcdefghijkl', 'x', '%00']) {
    for (const [method, url] of [
      ['DELETE', `${path}/${id}`],
      ['POST', `${path}/${id}/read`],
    ] as const) {
      const answer = await server.call(method, url, { bearer: tenant.api_key, headers });
      expect(answer.status).toBe(404);
      texts.push(answer.text);
    }
  }
  expect(new Set(texts).size).toBe(1);
});

test('[AU13] Nothing is fetched for a token, whatever it names', async () => {
  const tenant = await server.tenant();
  published.publish([{ ...one.jwk, kid: 'one' }]);
  await create(tenant);
  const asked = published.asked();
  expect(await statusWith(tenant, 'one', one)).toBe(200);
  expect(await statusWith(tenant, 'unknown', one)).toBe(401);
  for (const header of ['jku', 'x5u']) {
    const bearer = signedToken({ alg: 'ES256', kid: 'one', [header]: published.url }, {}, one);
    expect((await server.call('GET', '/v1/conversations', { bearer })).status).toBe(401);
  }
  expect(published.asked()).toBe(asked);
});
