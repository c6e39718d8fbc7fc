import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rates } from '../limits/rates.ts';
import { mintToken } from '../tokens/mint-token.ts';
import { createTestApp, field, operatorKey, type TestApp } from './testing/test-app.ts';

const scale = 0.001;
/** What is allowed of each at this scale. */
const allowed = (name: keyof typeof rates) => Math.max(1, Math.round(rates[name].allowed * scale));

let server: TestApp;
beforeAll(async () => {
  server = await createTestApp({ rateScale: scale, trustedProxies: '10.0.0.0/8' });
});
afterAll(() => server[Symbol.asyncDispose]());

let lastAddress = 0;
/** An address that nobody has asked from. */
const address = () => `198.51.100.${++lastAddress}`;

async function letThrough(ask: () => Promise<{ status: number }>, most: number): Promise<number> {
  for (let n = 0; n < most; n++) if ((await ask()).status === 429) return n;
  return most;
}

describe('limits of HTTP', () => {
  it('[LI5] a refusal is 429 and says when to come back', async () => {
    const from = address();
    const ask = () => server.call('GET', '/healthz', { from });
    expect(await letThrough(ask, 100)).toBe(allowed('addressRequests'));
    const refused = await ask();
    expect(refused.body).toMatchObject({ code: 'rate_limited', retryable: true });
    const waitMs = Number(field(refused.body, 'retry_after_ms'));
    expect(waitMs).toBeGreaterThan(0);
    expect(refused.headers.get('Retry-After')).toBe(String(Math.ceil(waitMs / 1_000)));
    expect(refused.headers.get('X-Content-Type-Options')).toBe('nosniff');
  });

  it('[LI30] an address is who asks, not what the request says', async () => {
    const from = address();
    let n = 0;
    const spoofed = () =>
      server.call('GET', '/healthz', { from, headers: { 'X-Forwarded-For': `203.0.113.${++n}` } });
    expect(await letThrough(spoofed, 100)).toBe(allowed('addressRequests'));

    const client = address();
    const proxied = () =>
      server.call('GET', '/healthz', {
        from: '10.1.2.3',
        headers: { 'X-Forwarded-For': `203.0.113.${++n}, ${client}, 10.9.9.9` },
      });
    expect(await letThrough(proxied, 100)).toBe(allowed('addressRequests'));
    // Others behind the same proxy go on.
    const other = { from: '10.1.2.3', headers: { 'X-Forwarded-For': address() } };
    expect((await server.call('GET', '/healthz', other)).status).toBe(200);
  });

  it('[LI31] IPv6 addresses of one network count as one', async () => {
    let n = 0;
    const ask = () => server.call('GET', '/healthz', { from: `2001:db8:1:2::${++n}` });
    expect(await letThrough(ask, 100)).toBe(allowed('addressRequests'));
    expect((await server.call('GET', '/healthz', { from: '2001:db8:1:3::1' })).status).toBe(200);
  });

  it('[LI5] requests with one API key', async () => {
    const [one, other] = [await server.tenant(), await server.tenant()];
    const ask = () =>
      server.call('PUT', '/v1/users/ann', {
        from: address(),
        bearer: one.api_key,
        body: { name: 'Ann' },
      });
    expect(await letThrough(ask, 100)).toBe(allowed('keyRequests'));
    const call = { from: address(), bearer: other.api_key, body: { name: 'Ann' } };
    expect((await server.call('PUT', '/v1/users/ann', call)).status).toBe(200);
  });

  it('[LI5] requests and messages of one person, and messages of one tenant', async () => {
    const [one, other] = [await server.tenant(), await server.tenant()];
    const now = Date.now();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const tenant = n < 15 ? one.id : other.id;
        const input = { tenant, user: `p${n}`, expiresIn: 600, now };
        return (await mintToken(server.parts.keys, input)).token;
      }),
    );
    const get = (bearer: string) => () =>
      server.call('GET', '/v1/conversations', { from: address(), bearer });
    expect(await letThrough(get(tokens[0] ?? ''), 100)).toBe(allowed('personRequests'));
    expect((await get(tokens[1] ?? '')()).status).toBe(200);

    const nowhere = '/v1/conversations/0199f2c4-5b6a-7c1d-8e2f-3a4b5c6d7e8f/messages';
    const send = (bearer: string) => () =>
      server.call('POST', nowhere, { from: address(), bearer, body: {} });
    expect(await letThrough(send(tokens[2] ?? ''), 100)).toBe(allowed('personSends'));
    // The others of the tenant, until it has sent what a tenant may.
    let sent = allowed('personSends');
    for (const token of tokens.slice(3, 15)) {
      for (let n = 0; n < allowed('personSends'); n++) {
        if ((await send(token)()).status !== 429) sent++;
      }
    }
    expect(sent).toBe(allowed('tenantSends'));
    expect((await send(tokens[17] ?? '')()).status).not.toBe(429);
  });
});

describe('[LI6] keys and tokens that are no good', () => {
  it('are too many after some in a minute, and a good one is taken all the while', async () => {
    await using guessed = await createTestApp({ rateScale: 1 });
    const tenant = await guessed.tenant();
    const bearer = await guessed.token(tenant, 'ann');
    const from = address();
    const guess = (wrong: string) =>
      guessed.call('GET', '/v1/conversations', { from, bearer: wrong });
    for (let n = 0; n < rates.addressFailures.allowed; n++) {
      expect((await guess(`${bearer.slice(0, -8)}AAAAAAAA`)).status, String(n)).toBe(401);
    }
    for (const wrong of ['nonsense', `${bearer}x`, tenant.api_key, operatorKey]) {
      const refused = await guess(wrong);
      expect([refused.status, refused.body]).toMatchObject([429, { code: 'rate_limited' }]);
      expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    }
    expect((await guess(bearer)).status).toBe(200);
    const call = { from, bearer: operatorKey, body: { id: 'made', name: 'x' } };
    expect((await guessed.call('POST', '/v1/tenants', call)).status).toBe(201);
    // Nobody else is troubled.
    const other = await guessed.call('GET', '/v1/conversations', {
      from: address(),
      bearer: 'nonsense',
    });
    expect(other.status).toBe(401);
  });

  it('do not count where there was none, or where it was good once', async () => {
    let clock = Date.now();
    await using guessed = await createTestApp({ rateScale: 1, now: () => clock });
    const tenant = await guessed.tenant();
    const expired = await guessed.token(tenant, 'ann');
    clock += 2 * 3_600_000;
    const from = address();
    for (let n = 0; n < 40; n++) {
      expect((await guessed.call('GET', '/v1/conversations', { from })).status).toBe(401);
      const call = { from, bearer: expired };
      expect((await guessed.call('GET', '/v1/conversations', call)).status).toBe(401);
    }
  });
});
