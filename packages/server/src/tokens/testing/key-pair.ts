import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { PublicAlgorithm } from '../public-key.ts';

/** A pair as a host product would hold it. */
export interface TestPair {
  readonly algorithm: PublicAlgorithm;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** The public half as a JWK, with its purpose but without a name. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** A fresh pair for an algorithm. */
export function testPair(algorithm: PublicAlgorithm): TestPair {
  const { publicKey, privateKey } = generate(algorithm);
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig' };
  return { algorithm, publicKey, privateKey, jwk };
}

/** A compact JWS over any header and claims: nothing in it is checked. */
export function signedToken(
  header: object,
  claims: object,
  key: { readonly privateKey: KeyObject } | { readonly secret: string | Buffer },
): string {
  const text = `${base64url(header)}.${base64url(claims)}`;
  const signature =
    'secret' in key ? createHmac('sha256', key.secret).update(text).digest() : signText(text, key);
  return `${text}.${signature.toString('base64url')}`;
}

function generate(algorithm: PublicAlgorithm) {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

function signText(text: string, { privateKey }: { readonly privateKey: KeyObject }): Buffer {
  const digest = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return sign(digest, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
