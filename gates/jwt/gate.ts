import { once } from 'node:events';
import { createServer } from 'node:http';
import { limits } from '@parley/protocol';
import { TestSocket } from '../../packages/server/src/testing/test-socket.ts';
import type { Gate } from '../kit/gate.ts';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import { badTokens } from './bad-tokens.ts';
import { claims, header, type Issuers } from './issuers.ts';
import { hs, makePairs, type Pairs, signedBy } from './token-parts.ts';

/** No bad token opens any door, and none makes the server ask the network. */
export const gate: Gate = {
  name: 'jwt',
  promise:
    'no token is accepted that a tenant has not signed for this person, and none makes a call',
  unit: 'tokens accepted or answered otherwise',
  target: 0,
  async run(run) {
    let calls = 0;
    const trap = createServer((_, response) => {
      calls++;
      response.setHeader('Content-Type', 'application/json');
      response.end('{"keys":[]}');
    }).listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const address = trap.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await using server = await run.install({
        PARLEY_RATE_SCALE: '0',
        // The trap could be reached, were it asked.
        PARLEY_PRIVATE_HOSTS: `127.0.0.1:${port}`,
      });
      const issuers = await makeIssuers(server, `http://127.0.0.1:${port}`);
      await run.part('good', () => checkGood(run, server, issuers));
      await run.part('bad', () => checkBad(run, server, issuers, () => calls));
      await run.part('source', () => checkSource(run, server, issuers, () => calls));
    } finally {
      trap.close();
    }
    return run.failures.length;
  },
};

async function makeIssuers(server: Installed, trap: string): Promise<Issuers & Signers> {
  const acme = await server.tenant(['mia']);
  const rival = await server.tenant(['mia']);
  const [pairs, rivalPairs] = [makePairs(), makePairs()];
  await register(server, acme, pairs);
  await register(server, rival, rivalPairs);
  return {
    tenant: acme.id,
    rival: rival.id,
    user: 'mia',
    kid: acme.kid,
    rivalKid: rival.kid,
    secret: acme.signingSecret,
    rivalSecret: rival.signingSecret,
    pairs,
    rivalPairs,
    trap,
    now: Math.floor(Date.now() / 1000),
    acme,
  };
}

interface Signers {
  readonly acme: Tenant;
}

async function register(server: Installed, tenant: Tenant, pairs: Pairs): Promise<void> {
  for (const [kid, { publicKey }] of Object.entries(pairs)) {
    const made = await server.call('POST', '/v1/signing-keys', {
      bearer: tenant.apiKey,
      body: { kid, public_key: publicKey.export({ format: 'jwk' }) },
    });
    if (made.status !== 201) throw new Error(made.text);
  }
}

/** Else nothing would be proven by refusals. */
async function checkGood(run: Run, server: Installed, issuers: Issuers): Promise<void> {
  const body = claims(issuers);
  const tokens = [
    ['HS256', hs(header(issuers), body, issuers.secret)],
    ['HS256 without typ', hs({ alg: 'HS256', kid: issuers.kid }, body, issuers.secret)],
    ['a list of audiences', hs(header(issuers), { ...body, aud: ['x', 'parley'] }, issuers.secret)],
    [
      'claims we do not know',
      hs(header(issuers), { ...body, jti: 'x', email: 'x' }, issuers.secret),
    ],
    ...(['ES256', 'EdDSA', 'RS256'] as const).flatMap((kid) => [
      [kid, signedBy(issuers.pairs[kid].privateKey, { alg: kid, kid }, body)],
      [
        `the rival's ${kid}`,
        signedBy(
          issuers.rivalPairs[kid].privateKey,
          { alg: kid, kid },
          { ...body, tenant: issuers.rival },
        ),
      ],
    ]),
  ];
  for (const [why = '', token = ''] of tokens) {
    const { status, text } = await server.call('GET', '/v1/conversations', { bearer: token });
    run.expect(status === 200, `${why}: ${status} ${text}`);
    const socket = await TestSocket.open(server.socketUrl);
    const hello = await socket.ask('hello', { token }).catch((error: unknown) => String(error));
    run.expect(typeof hello === 'object', `hello with ${why}: ${JSON.stringify(hello)}`);
    await socket.close();
  }
}

async function checkBad(
  run: Run,
  server: Installed,
  issuers: Issuers & Signers,
  calls: () => number,
): Promise<void> {
  const bad = badTokens(issuers);
  run.note('tokens', bad.length);
  run.expect(bad.length >= 80, `only ${bad.length} bad tokens`);
  const open = await issuers.acme.connect('mia');
  const answers = new Set<string>();
  let tries = 0;
  const rounds = run.sized({ ci: 1, full: 20 });
  for (let round = 0; round < rounds; round++) {
    for (const { why, token } of run.random.shuffled(bad)) {
      const socket = await TestSocket.open(server.socketUrl);
      const hello = await socket.reply({ type: 'hello', token });
      if (hello.result !== undefined) {
        run.fail(`hello: ${why}: ${JSON.stringify(hello)}`);
        continue;
      }
      const { code } = await socket.closed;
      // What is larger than any token may be cut off unread.
      if (code !== 1009 || token.length <= limits.tokenBytes) {
        const refused = hello.error?.code === 'unauthorized' && code === 4001;
        run.expect(refused, `hello: ${why}: ${code} ${JSON.stringify(hello)}`);
        answers.add(`${hello.error?.message}`);
      }
      const refresh = await open.reply({ type: 'token.refresh', token });
      run.expect(
        refresh.error?.code === 'unauthorized',
        `refresh: ${why}: ${JSON.stringify(refresh)}`,
      );
      // What no header can carry came through the socket.
      if (!/[^\x21-\x7e]/.test(token) && token !== '') {
        const { status } = await server.call('GET', '/v1/conversations', { bearer: token });
        run.expect(status === 401 || status === 431, `HTTP: ${why}: ${status}`);
      }
      tries += 3;
    }
  }
  run.note('tries', tries);
  await open.settled();
  await open.close();
  run.expect(answers.size === 1, `refusals differ: ${[...answers].join(' / ')}`);
  run.expect(calls() === 0, `the server made ${calls()} calls for tokens`);
  const { body } = await server.call('GET', '/v1/users/root', { bearer: issuers.acme.apiKey });
  run.expect(textAt(body, 'code') === 'not_found', 'a bad token has made a person');
}

/** A registered source is read when it is registered, and never for a token. */
async function checkSource(
  run: Run,
  server: Installed,
  issuers: Issuers & Signers,
  calls: () => number,
): Promise<void> {
  const made = await server.call('POST', '/v1/key-sources', {
    bearer: issuers.acme.apiKey,
    body: { url: `${issuers.trap}/jwks.json` },
  });
  run.expect(made.status === 201, `the source is refused: ${made.text}`);
  const before = calls();
  run.expect(before === 1, `registering read the source ${before} times`);
  for (let n = 0; n < 50; n++) {
    const token = hs({ alg: 'HS256', kid: `unknown-${n}` }, claims(issuers), issuers.secret);
    const { status } = await server.call('GET', '/v1/conversations', { bearer: token });
    run.expect(status === 401, `an unknown key: ${status}`);
  }
  run.expect(calls() === before, `${calls() - before} calls for tokens of unknown keys`);
}
