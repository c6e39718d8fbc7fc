import { accessTopic } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { signedToken, type TestPair, testPair } from '../tokens/testing/key-pair.ts';
import { createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
const told: [string, BusMessage][] = [];

beforeAll(async () => {
  server = await createTestApp();
  server.bus.onMessage((topic, messages) => {
    told.push(...messages.map((message): [string, BusMessage] => [topic, message]));
  });
});

afterAll(() => server[Symbol.asyncDispose]());

const path = '/v1/signing-keys';

function create(tenant: NewTenant, body: unknown) {
  return server.call('POST', path, { bearer: tenant.api_key, body });
}

function revoke(tenant: NewTenant, kid: string, query = '') {
  const url = `${path}/${encodeURIComponent(kid)}${query}`;
  return server.call('DELETE', url, { bearer: tenant.api_key });
}

function headerOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
}

async function statusWith(token: string): Promise<number> {
  return (await server.call('GET', '/v1/conversations', { bearer: token })).status;
}

function tokenOf(
  tenant: Pick<NewTenant, 'id'>,
  kid: string,
  key: { readonly secret: string } | TestPair,
): string {
  const alg = 'secret' in key ? 'HS256' : key.algorithm;
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: 'parley', tenant: tenant.id, sub: 'alice', iat: now, exp: now + 60 };
  return signedToken({ alg, kid }, claims, key);
}

describe('A registered key', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    '[AU61] verifies tokens at once, as a JWK and as PEM: %s',
    async (algorithm) => {
      const tenant = await server.tenant();
      const pair = testPair(algorithm);
      const made = await create(tenant, { public_key: { ...pair.jwk, kid: 'mine' } });
      expect(made.status).toBe(201);
      const { alg, use, ...numbers } = pair.jwk;
      expect([alg, use]).toEqual([algorithm, 'sig']);
      expect(made.body).toMatchObject({
        kid: 'mine',
        algorithm,
        public_key: numbers,
        source: null,
      });
      expect(Object.keys(Object(field(made.body, 'public_key'))).sort()).toEqual(
        Object.keys(numbers).sort(),
      );
      expect(made.body).not.toHaveProperty('signing_secret');
      expect(await statusWith(tokenOf(tenant, 'mine', pair))).toBe(200);

      const second = testPair(algorithm);
      const public_key = second.publicKey.export({ type: 'spki', format: 'pem' });
      expect((await create(tenant, { public_key, kid: 'pem/1', algorithm })).status).toBe(201);
      expect(await statusWith(tokenOf(tenant, 'pem/1', second))).toBe(200);
      expect(await statusWith(tokenOf(tenant, 'mine', second))).toBe(401);
      expect(await statusWith(tokenOf(tenant, 'mine', pair))).toBe(200);
    },
  );

  test('[AU61] without a name gets one', async () => {
    const tenant = await server.tenant();
    const pair = testPair('ES256');
    const { body } = await create(tenant, { public_key: pair.jwk });
    expect(field(body, 'kid')).toMatch(/^[a-z2-7]{12}$/);
    expect(await statusWith(tokenOf(tenant, String(field(body, 'kid')), pair))).toBe(200);
  });

  test('[AU61] of ours is told once, and signs from then on', async () => {
    const tenant = await server.tenant();
    const made = await create(tenant, { algorithm: 'HS256' });
    expect(made.status).toBe(201);
    const [kid, secret] = [field(made.body, 'kid'), field(made.body, 'signing_secret')].map(String);
    if (kid === undefined || secret === undefined) throw new Error('There is no secret.');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const minted = await server.token(tenant, 'alice');
    expect(headerOf(minted)).toMatchObject({ alg: 'HS256', kid });
    expect(await statusWith(minted)).toBe(200);
    expect(await statusWith(tokenOf(tenant, kid, { secret }))).toBe(200);
    expect(await statusWith(tokenOf(tenant, tenant.kid, { secret: tenant.signing_secret }))).toBe(
      200,
    );
    const listed = await server.call('GET', path, { bearer: tenant.api_key });
    expect(field(listed.body, 'signing_keys')).toHaveLength(2);
    expect(listed.text).not.toContain(secret);
    expect(listed.text).not.toContain(tenant.signing_secret);
  });

  test('[AU62] that is private is refused and not kept, nor told', async () => {
    const tenant = await server.tenant();
    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
      const { privateKey } = testPair(algorithm);
      const jwk = privateKey.export({ format: 'jwk' });
      const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      for (const public_key of [jwk, pem]) {
        const refused = await create(tenant, { public_key });
        expect(refused.status).toBe(400);
        expect(refused.body).toMatchObject({ code: 'bad_request', field: 'public_key' });
        expect(refused.text).toContain('private key');
        expect(refused.text).not.toContain(String(jwk.d));
      }
      expect(server.logged()).not.toContain(String(jwk.d));
      expect(server.logged()).not.toContain(pem.split('\n')[1]);
    }
    const listed = await server.call('GET', path, { bearer: tenant.api_key });
    expect(field(listed.body, 'signing_keys')).toHaveLength(1);
  });

  test.each([
    [{}],
    [{ algorithm: 'none' }],
    [{ algorithm: 'ES256' }],
    [{ algorithm: 'HS256x' }],
    [{ algorithm: 'HS256', kid: 'mine' }],
    [{ algorithm: 'HS256', public_key: testPair('ES256').jwk }],
    [{ algorithm: 'RS256', public_key: testPair('ES256').jwk }],
    [{ public_key: 7 }],
    [{ public_key: null }],
    [{ public_key: ['x'] }],
    [{ public_key: {} }],
    [{ public_key: 'x' }],
    [{ public_key: { kty: 'oct', k: 'AAAA' } }],
    [{ public_key: testPair('ES256').jwk, kid: '' }],
    [{ public_key: testPair('ES256').jwk, kid: 'with space' }],
    [{ public_key: testPair('ES256').jwk, kid: 'x'.repeat(129) }],
    [{ public_key: testPair('ES256').jwk, kid: 'a\u0000b' }],
    [{ public_key: { ...testPair('ES256').jwk, kid: 7 } }],
    [{ public_key: { ...testPair('ES256').jwk, kid: 'é' } }],
  ])('[AU62] that is none is refused: %j', async (body) => {
    const tenant = await server.tenant();
    const refused = await create(tenant, body);
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ code: 'bad_request' });
  });

  test('[AU63] has a name of its own in the tenant, and nowhere else', async () => {
    const [tenant, rival] = [await server.tenant(), await server.tenant()];
    const [mine, theirs] = [testPair('ES256'), testPair('EdDSA')];
    expect((await create(tenant, { public_key: mine.jwk, kid: 'key' })).status).toBe(201);
    const taken = await create(tenant, { public_key: theirs.jwk, kid: 'key' });
    expect(taken.status).toBe(409);
    expect(taken.body).toMatchObject({ code: 'already_exists', field: 'kid' });
    const secretTaken = await create(tenant, { public_key: theirs.jwk, kid: tenant.kid });
    expect(secretTaken.status).toBe(409);
    expect((await create(rival, { public_key: theirs.jwk, kid: 'key' })).status).toBe(201);
    expect(await statusWith(tokenOf(tenant, 'key', mine))).toBe(200);
    expect(await statusWith(tokenOf(rival, 'key', theirs))).toBe(200);
    expect(await statusWith(tokenOf(tenant, 'key', theirs))).toBe(401);
    expect(await statusWith(tokenOf(rival, 'key', mine))).toBe(401);
  });
});

describe('A key that is taken back', () => {
  test('[AU64] verifies nothing more, and its connections are told', async () => {
    const tenant = await server.tenant();
    const pair = testPair('ES256');
    await create(tenant, { public_key: pair.jwk, kid: 'a/b' });
    const token = tokenOf(tenant, 'a/b', pair);
    expect(await statusWith(token)).toBe(200);
    const { registration } = await server.database.sql
      .selectFrom('signing_key')
      .select('registration')
      .where('tenant_id', '=', tenant.id)
      .where('kid', '=', 'a/b')
      .executeTakeFirstOrThrow();
    server.bus.subscribe(accessTopic(tenant.id));
    told.length = 0;
    expect((await revoke(tenant, 'a/b')).status).toBe(204);
    expect(told).toEqual([
      [accessTopic(tenant.id), { type: 'access', ended: { reason: 'key', registration } }],
    ]);
    expect(await statusWith(token)).toBe(401);
    expect((await revoke(tenant, 'a/b')).status).toBe(404);
    const row = await server.database.sql
      .selectFrom('tenant')
      .select('access_version')
      .where('id', '=', tenant.id)
      .executeTakeFirst();
    expect(row?.access_version).toBe(1);
  });

  test('[AU64] may come again under its name with other numbers', async () => {
    const tenant = await server.tenant();
    const [old, fresh] = [testPair('EdDSA'), testPair('EdDSA')];
    await create(tenant, { public_key: old.jwk, kid: 'key' });
    expect(await statusWith(tokenOf(tenant, 'key', old))).toBe(200);
    await revoke(tenant, 'key');
    await create(tenant, { public_key: fresh.jwk, kid: 'key' });
    expect(await statusWith(tokenOf(tenant, 'key', old))).toBe(401);
    expect(await statusWith(tokenOf(tenant, 'key', fresh))).toBe(200);
  });

  test('[AU64] is not the last secret, unless that is what is wanted', async () => {
    const tenant = await server.tenant();
    await create(tenant, { public_key: testPair('ES256').jwk, kid: 'public' });
    const refused = await revoke(tenant, tenant.kid);
    expect(refused.status).toBe(403);
    expect(field(refused.body, 'detail')).toContain('?last=true');
    expect((await revoke(tenant, tenant.kid, '?last=false')).status).toBe(403);
    expect((await revoke(tenant, tenant.kid, '?last=yes')).status).toBe(400);
    await server.token(tenant, 'alice');

    expect((await revoke(tenant, tenant.kid, '?last=true')).status).toBe(204);
    const mint = () =>
      server.call('POST', '/v1/users/alice/tokens', { bearer: tenant.api_key, body: {} });
    const none = await mint();
    expect(none.status).toBe(403);
    expect(none.body).toMatchObject({ code: 'not_allowed' });
    expect(field(none.body, 'detail')).toContain('POST /v1/signing-keys');
    await create(tenant, { algorithm: 'HS256' });
    expect((await mint()).status).toBe(201);
  });

  test('[AU64] Of two secrets that are revoked at one time, one stays', async () => {
    const tenant = await server.tenant();
    const { body } = await create(tenant, { algorithm: 'HS256' });
    const answers = await Promise.all([
      revoke(tenant, tenant.kid),
      revoke(tenant, String(field(body, 'kid'))),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 403]);
  });

  test('[AU53] is one of the tenant: a foreign one is as if invented', async () => {
    const [tenant, rival] = [await server.tenant(), await server.tenant()];
    const headers = { 'X-Request-Id': 'same' };
    const answers = await Promise.all(
      [rival.kid, 'abcdefghijkl', '%00', '%20', 'x'.repeat(200)].map((kid) =>
        server.call('DELETE', `${path}/${kid}`, { bearer: tenant.api_key, headers }),
      ),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(404);
      expect(answer.text).toBe(answers[0]?.text);
    }
    await server.token(rival, 'alice');
  });
});

test('[AU65] A tenant has at most 50 signing keys of its own', async () => {
  const tenant = await server.tenant();
  const answers = await Promise.all(
    Array.from({ length: 51 }, () => create(tenant, { algorithm: 'HS256' })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(49);
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(2);
  const first = await server.call('GET', `${path}?limit=30`, { bearer: tenant.api_key });
  const cursor = String(field(first.body, 'cursor'));
  const rest = await server.call('GET', `${path}?cursor=${cursor}`, { bearer: tenant.api_key });
  expect(field(rest.body, 'signing_keys')).toHaveLength(20);
  expect(field(rest.body, 'cursor')).toBeNull();
});
