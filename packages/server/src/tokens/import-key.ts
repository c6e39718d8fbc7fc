import type { CryptoKey } from 'jose';
import type { PublicJwk } from './public-key.ts';

/** The key that signs and verifies with a shared secret; no code can read it back out. */
export function importSecret(secret: string): Promise<CryptoKey> {
  // The HMAC key is the secret's text in UTF-8, not what its base64url stands for.
  const text = new TextEncoder().encode(secret);
  const use = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', text, use, false, ['sign', 'verify']);
}

/** The key that verifies for one algorithm alone: WebCrypto binds them together. */
export function importPublicKey(jwk: PublicJwk): Promise<CryptoKey> {
  return crypto.subtle.importKey('jwk', { ...jwk }, algorithmOf(jwk), false, ['verify']);
}

function algorithmOf({ kty }: PublicJwk) {
  switch (kty) {
    case 'EC':
      return { name: 'ECDSA', namedCurve: 'P-256' };
    case 'OKP':
      return { name: 'Ed25519' };
    case 'RSA':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  }
}
