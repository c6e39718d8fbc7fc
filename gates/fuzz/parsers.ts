import { generateKeyPairSync } from 'node:crypto';
import { BlockList } from 'node:net';
import { newId, parseRequest } from '@parley/protocol';
import { ClientAddresses, countedAs } from '../../packages/server/src/doors/client-address.ts';
import { targetFault } from '../../packages/server/src/doors/request-target.ts';
import { checkJson } from '../../packages/server/src/http/check-json.ts';
import { newConversationSchema } from '../../packages/server/src/http/conversation-schema.ts';
import { outgoingMessageSchema } from '../../packages/server/src/http/message-schema.ts';
import { userProfileSchema } from '../../packages/server/src/http/user-schema.ts';
import { FetchError } from '../../packages/server/src/outbound/fetch-failure.ts';
import { SafeFetch } from '../../packages/server/src/outbound/safe-fetch.ts';
import { formatApiKey, parseApiKey } from '../../packages/server/src/tenants/api-key.ts';
import { isOrigin } from '../../packages/server/src/tenants/origin.ts';
import { parseKeySet } from '../../packages/server/src/tokens/parse-key-set.ts';
import { readUnverifiedToken } from '../../packages/server/src/tokens/unverified-token.ts';
import { signHs256 } from '../kit/tenant.ts';
import { commandSamples } from './command-samples.ts';
import { must, mustBeClean, mustBeStorable, mustBeToldAs, mustMatch } from './demands.ts';
import type { Target } from './guided-fuzzer.ts';

const uuid = '01990000-0000-7000-8000-000000000000';
const samples = commandSamples({ conversation: uuid, member: 'bob', token: 'a.b.c', newId });
const jsonWords = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\u0000',
  '\\ud800',
  '\\u005f\\u005fproto\\u005f\\u005f',
  '"__proto__":',
  '"constructor":',
  'null',
  'true',
  '1e999',
  '-0',
];

/** Everything of ours that reads what strangers send, without a server around it. */
export const targets: readonly Target[] = [
  {
    name: 'frames',
    seeds: Object.entries(samples).map(([type, input]) =>
      JSON.stringify({ id: 1, type, ...input }),
    ),
    words: [
      ...jsonWords,
      '"id":',
      '"type":',
      uuid,
      ...Object.keys(samples).map((type) => `"${type}"`),
    ],
    read(input) {
      const text = input.toString('utf8');
      try {
        const { input: read } = parseRequest(text);
        // Tokens are not stored, and are looked at more closely elsewhere.
        mustBeStorable({ ...read, token: '' });
      } catch (error) {
        mustBeToldAs(error, ['bad_request', 'unknown_type', 'unauthorized']);
      }
      mustBeClean();
    },
  },
  {
    name: 'tokens',
    seeds: [
      signHs256(
        { alg: 'HS256', typ: 'JWT', kid: 'k1' },
        { aud: 'parley', tenant: 'acme', sub: 'bob', iat: 1, exp: 2e9 },
        'secret',
      ),
      signHs256({ alg: 'none', kid: 'k1' }, { tenant: 'acme' }, ''),
    ],
    words: [
      '.',
      '..',
      '=',
      '-',
      '_',
      encoded('{"kid":"k1"}'),
      encoded('{"tenant":"acme"}'),
      encoded('{}'),
    ],
    read(input) {
      const text = input.toString('latin1');
      const read = readUnverifiedToken(text);
      if (read === undefined) return;
      mustMatch(/^[a-z0-9-]{1,63}$/, read.tenant, 'the tenant');
      mustMatch(/^[\x21-\x7e]{1,128}$/, read.kid, 'the kid');
      must(text.split('.').length === 3, 'a token of not three parts');
    },
  },
  {
    name: 'API keys',
    seeds: [`pak_acme_abcdefghijkl_${'A'.repeat(43)}`, `pak_a-b_222222222222_${'_'.repeat(43)}`],
    words: ['pak_', '_', '__', 'abcdefghijkl'],
    read(input) {
      const text = input.toString('latin1');
      const key = parseApiKey(text);
      if (key !== undefined) must(formatApiKey(key) === text, 'a key that has two spellings');
    },
  },
  {
    name: 'addresses',
    seeds: [
      '/v1/users/bob',
      '/v1/users/%2e%2e/x?y=1',
      '10.0.0.1, 192.0.2.7',
      '[2001:db8::1%eth0]:443, ::ffff:10.0.0.1',
    ],
    words: [
      '%2e',
      '%2F',
      '..',
      '/',
      '\\',
      ', ',
      '::',
      '::ffff:',
      '10.0.0.1',
      '[',
      ']:',
      '%25',
      '0x7f',
    ],
    read(input) {
      const text = input.toString('latin1');
      targetFault(text);
      const address = addresses.of({ peer: '10.0.0.1', forwardedFor: text });
      must(/^[0-9a-f.:]{1,60}$|^unknown$/.test(address), `the address ${address}`);
      must(/^[0-9a-f.:/]{1,60}$/.test(countedAs(address)), `counted as ${countedAs(address)}`);
      must(
        addresses.of({ peer: '192.0.2.1', forwardedFor: text }) === '192.0.2.1',
        'a stranger is believed',
      );
    },
  },
  {
    name: 'bodies',
    seeds: [
      JSON.stringify(samples['conversation.create']),
      JSON.stringify({ id: uuid, body: 'hi', reply_to: null }),
      JSON.stringify({
        name: 'Bob',
        avatar_url: 'https://example.com/b.png',
        email: 'b@example.com',
        locale: 'pt-BR',
        role: 'admin',
      }),
    ],
    words: [
      ...jsonWords,
      '"length":',
      '"toString":',
      '"name":',
      '"locale":',
      'x-private',
      'https://',
      '@',
    ],
    read(input) {
      const text = input.toString('utf8');
      try {
        checkJson(text);
      } catch (error) {
        mustBeToldAs(error, ['bad_request']);
        return;
      }
      const body: unknown = JSON.parse(text);
      for (const schema of [newConversationSchema, outgoingMessageSchema, userProfileSchema]) {
        schema.safeParse(body);
      }
      mustBeClean();
    },
  },
  {
    name: 'key sets',
    seeds: [JSON.stringify({ keys: publicKeys() })],
    words: [
      ...jsonWords,
      '"kty":',
      '"RSA"',
      '"EC"',
      '"OKP"',
      '"oct"',
      '"crv":',
      '"n":',
      '"e":"AQAB"',
      '"d":',
      '"kid":',
    ],
    read(input) {
      let document: unknown;
      try {
        document = JSON.parse(input.toString('utf8'));
      } catch {
        return;
      }
      for (const { kid, jwk } of parseKeySet(document)?.keys ?? []) {
        mustMatch(/^[\x21-\x7e]{1,128}$/, kid, 'the kid');
        must(!Object.hasOwn(jwk, 'd') && !Object.hasOwn(jwk, 'k'), 'a private key is kept');
      }
      mustBeClean();
    },
  },
  {
    name: 'origins and URLs',
    seeds: [
      'https://app.example',
      'http://localhost:3000',
      'https://[2001:db8::1]:8443',
      'https://keys.example/set.json',
    ],
    words: [
      'https://',
      'http://',
      'null',
      '@',
      '#',
      '?',
      ':443',
      '127.1',
      '0x7f.1',
      '[::1]',
      '%00',
      '\u00ad',
      '.',
      ';',
    ],
    read(input) {
      const text = input.toString('utf8');
      if (isOrigin(text)) must(/^https?:\/\/[a-z0-9._:[\]-]+$/.test(text), `the origin ${text}`);
      try {
        const { protocol, port, username, password, hash } = new URL(outbound.check(text));
        must(
          protocol === 'https:' && port === '' && !username && !password && !hash,
          `fetches ${text}`,
        );
      } catch (error) {
        if (!(error instanceof FetchError)) throw error;
      }
    },
  },
];

const outbound = new SafeFetch({ privateHosts: [] });
const addresses = new ClientAddresses(trusted());

function trusted(): BlockList {
  const list = new BlockList();
  list.addSubnet('10.0.0.0', 8, 'ipv4');
  return list;
}

function publicKeys(): object[] {
  return [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ].map(({ publicKey }, index) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid: `k${index}`,
    use: 'sig',
  }));
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}
