import { generateKeyPairSync } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { parsePublicKey } from './public-key.ts';
import { testPair } from './testing/key-pair.ts';

const pairs = {
  ES256: testPair('ES256'),
  EdDSA: testPair('EdDSA'),
  RS256: testPair('RS256'),
} as const;
const { ES256, EdDSA, RS256 } = pairs;

function pem(key: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer }): string {
  return String(key.export({ type: 'spki', format: 'pem' }));
}

describe('A public key', () => {
  test.each(Object.values(pairs))(
    '[AU61] is read from a JWK and from PEM: $algorithm',
    ({ algorithm, publicKey, jwk }) => {
      const { alg, use, ...numbers } = jwk;
      expect(alg).toBe(algorithm);
      expect(use).toBe('sig');
      const named = { ...jwk, kid: 'mine', key_ops: ['verify'], x5c: ['...'], note: 'mine' };
      expect(parsePublicKey(named)).toEqual({ algorithm, jwk: numbers });
      expect(parsePublicKey(pem(publicKey))).toEqual({ algorithm, jwk: numbers });
      expect(parsePublicKey(`\n${pem(publicKey)}\n`)).toEqual({ algorithm, jwk: numbers });
    },
  );

  test('[AU61] of Ed25519 may call its algorithm by either name', () => {
    expect(parsePublicKey({ ...EdDSA.jwk, alg: 'Ed25519' }).algorithm).toBe('EdDSA');
  });

  test('[AU61] of RSA in the older PEM is read as well', () => {
    const text = RS256.publicKey.export({ type: 'pkcs1', format: 'pem' });
    expect(parsePublicKey(text).algorithm).toBe('RS256');
  });
});

function off(jwk: Readonly<Record<string, unknown>>, change: Readonly<Record<string, unknown>>) {
  return { ...jwk, ...change };
}

function zeros(count: number, last = 0): string {
  const bytes = Buffer.alloc(count);
  bytes[count - 1] = last;
  return bytes.toString('base64url');
}

const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
const almost = generateKeyPairSync('rsa', { modulusLength: 2040 }).publicKey;
const modulus = Buffer.from(String(RS256.jwk['n']), 'base64url');
const even = Buffer.concat([modulus.subarray(0, -1), Buffer.of(2)]).toString('base64url');

const bad: Readonly<Record<string, unknown>> = {
  nothing: null,
  'a number': 7,
  'a list': [ES256.jwk],
  'an empty object': {},
  'empty text': '',
  'other text': 'ssh-ed25519 AAAA',
  'a shared secret': { kty: 'oct', k: zeros(32) },
  'a shared secret without its value': { kty: 'oct' },
  'a private JWK (EC)': ES256.privateKey.export({ format: 'jwk' }),
  'a private JWK (OKP)': EdDSA.privateKey.export({ format: 'jwk' }),
  'a private JWK (RSA)': RS256.privateKey.export({ format: 'jwk' }),
  'a private field alone': off(RS256.jwk, { d: null }),
  'a private PEM': ES256.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  'a private PEM of the older form': RS256.privateKey.export({ type: 'pkcs1', format: 'pem' }),
  'a private PEM after the public one': `${pem(ES256.publicKey)}${ES256.privateKey.export({ type: 'pkcs8', format: 'pem' })}`,
  'two public PEMs': `${pem(ES256.publicKey)}${pem(ES256.publicKey)}`,
  'PEM of something else': pem(ES256.publicKey).replaceAll('PUBLIC KEY', 'CERTIFICATE'),
  'PEM around nothing': '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
  'PEM with text around it': `key:\n${pem(ES256.publicKey)}`,
  'RSA of 1024 bits': weak.export({ format: 'jwk' }),
  'RSA of 1024 bits in PEM': pem(weak),
  'RSA of 2040 bits': almost.export({ format: 'jwk' }),
  'RSA of 8200 bits': off(RS256.jwk, { n: Buffer.alloc(1025, 0xff).toString('base64url') }),
  'RSA padded to 2048 bits with zeros': off(RS256.jwk, {
    n: Buffer.concat([Buffer.alloc(128), Buffer.alloc(128, 0xff)]).toString('base64url'),
  }),
  'RSA with an even modulus': off(RS256.jwk, { n: even }),
  'RSA with exponent 1': off(RS256.jwk, { e: 'AQ' }),
  'RSA with exponent 3': off(RS256.jwk, { e: 'Aw' }),
  'RSA with an even exponent': off(RS256.jwk, { e: 'AQAA' }),
  'RSA with exponent 0': off(RS256.jwk, { e: 'AA' }),
  'RSA with a huge exponent': off(RS256.jwk, { e: Buffer.alloc(33, 0xff).toString('base64url') }),
  'RSA without exponent': off(RS256.jwk, { e: undefined }),
  'RSA for PS256': off(RS256.jwk, { alg: 'PS256' }),
  'RSA for encryption': off(RS256.jwk, { use: 'enc' }),
  'RSA-PSS in PEM': pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
  'EC on P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
    format: 'jwk',
  }),
  'EC on secp256k1': pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
  'EC for ECDH': off(ES256.jwk, { key_ops: ['deriveBits'] }),
  'EC off the curve': off(ES256.jwk, { y: EdDSA.jwk['x'] }),
  'EC at zero': off(ES256.jwk, { x: zeros(32), y: zeros(32) }),
  'EC with a number too long': off(ES256.jwk, { x: zeros(33, 1) }),
  'EC with a number too short': off(ES256.jwk, { x: zeros(31, 1) }),
  'EC without y': off(ES256.jwk, { y: undefined }),
  'EC with numbers that are no text': off(ES256.jwk, { x: [1, 2, 3] }),
  'EC in base64 with padding': off(ES256.jwk, { x: `${ES256.jwk['x']}=` }),
  'EC called another algorithm': off(ES256.jwk, { alg: 'HS256' }),
  'EC called none': off(ES256.jwk, { alg: 'none' }),
  'Ed25519 said to be EC': off(EdDSA.jwk, { kty: 'EC' }),
  'Ed25519 with a point of order 1': off(EdDSA.jwk, {
    x: Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url'),
  }),
  'Ed25519 with a point of order 2': off(EdDSA.jwk, {
    x: Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex').toString('base64url'),
  }),
  'Ed25519 with a point of order 4': off(EdDSA.jwk, { x: zeros(32) }),
  'Ed25519 with the same in another spelling': off(EdDSA.jwk, { x: zeros(32, 0x80) }),
  'Ed25519 with a point of order 8': off(EdDSA.jwk, {
    x: Buffer.from(
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'hex',
    ).toString('base64url'),
  }),
  X25519: generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }),
  'Ed448 in PEM': pem(generateKeyPairSync('ed448').publicKey),
};

test.each(Object.entries(bad))('[AU62] What cannot be relied on is refused: %s', (_, key) => {
  let error: unknown;
  try {
    parsePublicKey(key);
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(ParleyError);
  expect(error).toMatchObject({ code: 'bad_request', field: 'public_key' });
});

test('[AU62] Whoever hands in a private key is told so, and it is not repeated', () => {
  for (const { privateKey } of Object.values(pairs)) {
    const jwk = privateKey.export({ format: 'jwk' });
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const key of [jwk, text, { ...jwk, kty: 'what' }]) {
      expect(() => parsePublicKey(key)).toThrow(/private key.*make a new pair/);
      try {
        parsePublicKey(key);
      } catch (error) {
        const told = JSON.stringify([error, error instanceof Error ? error.cause : '']);
        expect(told).not.toContain(String(jwk.d));
      }
    }
  }
});
