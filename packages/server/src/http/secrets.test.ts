import { newId } from '@parley/protocol';
import { expect, test } from 'vitest';
import { parseApiKey } from '../tenants/api-key.ts';
import { startKeySetServer } from '../testing/key-set-server.ts';
import { signedToken, testPair } from '../tokens/testing/key-pair.ts';
import { createTestApp, field, operatorKey } from './testing/test-app.ts';

test('[AU60] No key, secret, token or message body is ever logged or told in an error', async () => {
  await using server = await createTestApp();
  const body = { id: 'acme', name: 'Acme' };
  const made = await server.call('POST', '/v1/tenants', { bearer: operatorKey, body });
  const apiKey = String(field(made.body, 'api_key'));
  const call = { bearer: apiKey, body: {} };
  const minted = await server.call('POST', '/v1/users/alice/tokens', call);
  const token = String(field(minted.body, 'token'));
  const text = 'a-body-nobody-else-should-read';
  const canaries = [
    operatorKey,
    parseApiKey(apiKey)?.secret ?? '',
    String(field(made.body, 'signing_secret')),
    token.split('.')[2] ?? '',
    text,
  ];
  expect(canaries.every((canary) => canary.length > 20)).toBe(true);

  const answers: string[] = [];
  const id = newId();
  for (const bearer of [operatorKey, apiKey, token, `${token}x`, `${apiKey}x`]) {
    for (const [method, path, sent] of [
      ['POST', '/v1/tenants', body],
      ['PUT', '/v1/users/alice', { name: text, locale: text }],
      ['POST', '/v1/users/alice/tokens', { expires_in: text }],
      ['GET', '/v1/conversations', undefined],
      ['POST', '/v1/conversations', { kind: text, members: [text] }],
      ['POST', '/v1/conversations', { kind: 'group', members: [text] }],
      ['GET', `/v1/conversations/${id}/messages`, undefined],
      ['POST', `/v1/conversations/${id}/messages`, { id: newId(), body: text }],
      ['POST', `/v1/conversations/${id}/messages`, `{"body":"${text}`],
      ['GET', '/metrics', undefined],
      ['DELETE', '/v1/tenants', undefined],
    ] as const) {
      const answer = await server.call(method, path, {
        bearer,
        ...(sent === undefined ? {} : { body: sent }),
      });
      if (answer.status >= 400) answers.push(answer.text);
    }
  }
  await server.parts.db.close();
  await server.call('GET', '/v1/conversations', { bearer: token });

  const logged = server.logged();
  expect(answers.length).toBeGreaterThan(30);
  expect(logged).toContain('request refused');
  expect(logged).toContain('request failed');
  for (const canary of canaries) {
    expect(logged).not.toContain(canary);
    expect(answers.join()).not.toContain(canary);
  }
});

test('[AU60] Nothing about keys is logged or told but their names', async () => {
  await using published = await startKeySetServer();
  let clock = Date.now();
  await using server = await createTestApp({ outbound: published.outbound, now: () => clock });
  const tenant = await server.tenant();
  const bearer = tenant.api_key;
  const made = [
    await server.call('POST', '/v1/api-keys', { bearer, body: { name: 'A', scopes: ['tokens'] } }),
    await server.call('POST', '/v1/signing-keys', { bearer, body: { algorithm: 'HS256' } }),
  ];
  const apiKey = String(field(made[0]?.body, 'api_key'));
  const secret = String(field(made[1]?.body, 'signing_secret'));
  const pair = testPair('EdDSA');
  const jwk = pair.privateKey.export({ format: 'jwk' });
  const pem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const minted = await server.call('POST', '/v1/users/alice/tokens', { bearer, body: {} });
  const token = String(field(minted.body, 'token'));
  const now = Math.floor(clock / 1000);
  const claims = { aud: 'parley', tenant: tenant.id, sub: 'alice', iat: now, exp: now + 60 };
  const own = signedToken({ alg: 'EdDSA', kid: 'mine' }, claims, pair);
  const text = 'a-text-nobody-else-should-read';
  const canaries = [
    operatorKey,
    text,
    secret,
    tenant.signing_secret,
    String(jwk.d),
    pem.split('\n')[1] ?? '',
    ...[bearer, apiKey].map((key) => parseApiKey(key)?.secret ?? ''),
    ...[token, own].map((jwt) => jwt.split('.')[2] ?? ''),
  ];
  expect(canaries.every((canary) => canary.length > 20)).toBe(true);

  published.answer((_, response) => response.writeHead(500, text).end(text));
  const refusals: string[] = [];
  for (const by of [bearer, apiKey, operatorKey, token, own, `${bearer}x`, `${own}x`]) {
    for (const [method, path, body] of [
      ['POST', '/v1/api-keys', { name: text, scopes: [text] }],
      ['POST', '/v1/api-keys', { name: 'B', scopes: ['all'], expires_at: text }],
      ['GET', '/v1/api-keys', undefined],
      ['DELETE', `/v1/api-keys/${parseApiKey(bearer)?.id}`, undefined],
      ['POST', '/v1/signing-keys', { public_key: jwk, kid: 'mine' }],
      ['POST', '/v1/signing-keys', { public_key: pem }],
      ['POST', '/v1/signing-keys', { public_key: { kty: 'oct', k: secret } }],
      ['POST', '/v1/signing-keys', { public_key: secret }],
      ['POST', '/v1/signing-keys', { public_key: pair.jwk, kid: 'mine' }],
      ['POST', '/v1/signing-keys', { algorithm: 'HS256', secret }],
      ['POST', '/v1/signing-keys', { algorithm: secret }],
      ['GET', '/v1/signing-keys', undefined],
      ['POST', '/v1/key-sources', { url: published.url }],
      ['POST', '/v1/key-sources', { url: `https://user:${secret}@login.example.com/` }],
      ['GET', '/v1/key-sources', undefined],
      ['GET', '/v1/audit', undefined],
      ['GET', '/v1/audit?cursor=x', undefined],
      ['PATCH', `/v1/tenants/${tenant.id}`, { allowed_origins: [text] }],
      ['PATCH', `/v1/tenants/${tenant.id}`, `{"directory":"${text}`],
      ['POST', `/v1/tenants/${tenant.id}/resume`, undefined],
      ['GET', '/v1/conversations', undefined],
    ] as const) {
      const answer = await server.call(method, path, {
        bearer: by,
        ...(body === undefined ? {} : { body }),
      });
      // A new secret is told to who made it, once; all else is for everybody's eyes.
      if (field(answer.body, 'signing_secret') === undefined) refusals.push(answer.text);
    }
  }
  const sources = await server.call('GET', '/v1/key-sources', { bearer });
  const source = field(sources.body, 'key_sources.0.id');
  for (let tries = 0; tries < 2; tries++) {
    clock += 10_000;
    refusals.push((await server.call('POST', `/v1/key-sources/${source}/read`, { bearer })).text);
    published.publish([{ ...jwk, kid: text }]);
  }
  await server.call('DELETE', '/v1/signing-keys/mine', { bearer });
  await server.parts.db.close();
  await server.call('GET', '/v1/audit', { bearer });
  await server.call('GET', '/v1/conversations', { bearer: own });

  const logged = server.logged();
  expect(logged).toContain('request refused');
  expect(logged).toContain('request failed');
  for (const canary of canaries) {
    expect(logged, canary).not.toContain(canary);
    expect(refusals.join('\n'), canary).not.toContain(canary);
  }
});
