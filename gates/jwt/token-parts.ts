import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type Json = Readonly<Record<string, unknown>>;

/** A part of a token: what is text goes as it is. */
export function part(value: unknown): string {
  const text = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64url');
}

export function hmac(signed: string, secret: string | Buffer, hash = 'sha256'): string {
  return createHmac(hash, secret).update(signed).digest('base64url');
}

/** A token under HMAC; header and claims may be any text. */
export function hs(
  header: unknown,
  claims: unknown,
  secret: string | Buffer,
  hash?: string,
): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${hmac(signed, secret, hash)}`;
}

/** A token under a private key, as RFC 7518 and 8037 have it. */
export function signedBy(key: KeyObject, header: unknown, claims: unknown): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${signature(key, signed)}`;
}

export function signature(key: KeyObject, signed: string, hash = 'sha256'): string {
  const data = Buffer.from(signed);
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return sign(null, data, key).toString('base64url');
    case 'ec':
      return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    default:
      return sign(hash, data, key).toString('base64url');
  }
}

/** A pair of each kind that a tenant may register. */
export function makePairs() {
  return {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  } as const;
}

export type Pairs = ReturnType<typeof makePairs>;

/** The public half as text that an attacker also has. */
export function publicTexts(key: KeyObject): readonly string[] {
  return [
    String(key.export({ type: 'spki', format: 'pem' })),
    String(key.export({ type: 'spki', format: 'pem' })).trim(),
    JSON.stringify(key.export({ format: 'jwk' })),
    key.export({ type: 'spki', format: 'der' }).toString('base64'),
  ];
}
