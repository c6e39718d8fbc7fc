import { createPublicKey, type KeyObject } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import { readRsaKey } from './rsa-key.ts';

/** Which signature a public key verifies; it follows from the key itself, never from a token. */
export type PublicAlgorithm = 'ES256' | 'EdDSA' | 'RS256';

/** A public key as it is stored: its numbers and nothing else. */
export interface PublicKey {
  readonly algorithm: PublicAlgorithm;
  readonly jwk: PublicJwk;
}

/** A JWK without private parts, comments or hints of where to find others. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

type Fields = Readonly<Record<string, unknown>>;

const privateFields = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const pemBlock =
  /^\s*-----BEGIN (RSA )?PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END \1?PUBLIC KEY-----\s*$/;

/**
 * Reads a public key from a JWK or from PEM text, and vouches that it can be relied on.
 *
 * Throws `bad_request` for anything else: private keys, keys for other uses, curves and algorithms
 * that we do not verify, points off the curve, keys with which anybody could sign.
 */
export function parsePublicKey(input: unknown): PublicKey {
  if (typeof input === 'string') return fromPem(input);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refused('should be a JWK, or a public key in PEM.');
  }
  return fromJwk({ ...input });
}

function fromPem(text: string): PublicKey {
  // Node would take the public half of a private key and say nothing.
  if (text.includes('PRIVATE KEY')) throw privateKeyGiven();
  if (!pemBlock.test(text)) throw refused('should be one block of PEM, "BEGIN PUBLIC KEY".');
  return fromJwk(exportJwk(openKey(() => createPublicKey(text))));
}

function fromJwk(jwk: Fields): PublicKey {
  if (privateFields.some((name) => Object.hasOwn(jwk, name))) throw privateKeyGiven();
  const key = readNumbers(jwk);
  checkPurpose(jwk, key.algorithm);
  return key;
}

function readNumbers(jwk: Fields): PublicKey {
  switch (jwk['kty']) {
    case 'EC': {
      if (jwk['crv'] !== 'P-256') throw refused('is on a curve other than P-256 (ES256).');
      const [x, y] = [bytes(jwk, 'x', 32), bytes(jwk, 'y', 32)];
      const key = { kty: 'EC', crv: 'P-256', x: encode(x), y: encode(y) } as const;
      // Refuses points off the curve, with which signatures say nothing.
      openKey(() => createPublicKey({ key, format: 'jwk' }));
      return { algorithm: 'ES256', jwk: key };
    }
    case 'OKP': {
      if (jwk['crv'] !== 'Ed25519') throw refused('is on a curve other than Ed25519 (EdDSA).');
      const x = bytes(jwk, 'x', 32);
      if (isSmallOrder(x)) throw refused('is a point with which anybody can sign.');
      return { algorithm: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x: encode(x) } };
    }
    case 'RSA': {
      const { n, e } = readRsaKey(bytes(jwk, 'n'), bytes(jwk, 'e'), refused);
      return { algorithm: 'RS256', jwk: { kty: 'RSA', n: encode(n), e: encode(e) } };
    }
    case 'oct':
      throw refused('is a shared secret. Secrets are made here: ask for the algorithm HS256.');
    default:
      throw refused('should be an EC (P-256), OKP (Ed25519) or RSA key.');
  }
}

/** What the owner says that the key is for must be what we use it for. */
function checkPurpose(jwk: Fields, algorithm: PublicAlgorithm): void {
  const { use, key_ops: operations, alg } = jwk;
  if (use !== undefined && use !== 'sig') throw refused('is not for signatures (`use`).');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw refused('is not for verifying (`key_ops`).');
  }
  const names = algorithm === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [algorithm];
  if (alg !== undefined && !names.some((name) => name === alg)) {
    throw refused(`is for another algorithm than ${algorithm} (\`alg\`).`);
  }
}

/** A number of a JWK: base64url in its one spelling. */
function bytes(jwk: Fields, name: string, length?: number): Buffer {
  const value = jwk[name];
  const read = typeof value === 'string' ? Buffer.from(value, 'base64url') : Buffer.of();
  const exact = read.length > 0 && encode(read) === value;
  if (!exact || (length !== undefined && read.length !== length)) {
    const size = length === undefined ? '' : ` of ${length} bytes`;
    throw refused(`should have \`${name}\` in base64url${size}.`);
  }
  return read;
}

// The eight points of small order, in all spellings, without the sign bit. For such a key there are
// signatures that fit any text. The same list as in libsodium.
const smallOrder = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

function isSmallOrder(point: Buffer): boolean {
  const unsigned = Buffer.from(point);
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f;
  return smallOrder.has(unsigned.toString('hex'));
}

function openKey(open: () => KeyObject): KeyObject {
  try {
    return open();
  } catch (cause) {
    // What OpenSSL says of somebody's key is for nobody.
    throw refused('is not a valid public key.', cause);
  }
}

function exportJwk(key: KeyObject): Fields {
  try {
    return { ...key.export({ format: 'jwk' }) };
  } catch (cause) {
    throw refused('should be an EC (P-256), OKP (Ed25519) or RSA key.', cause);
  }
}

function encode(value: Buffer): string {
  return value.toString('base64url');
}

function privateKeyGiven(): ParleyError {
  return refused(
    'is a private key. It was not kept, but it has left your server: make a new pair, and send the public half.',
  );
}

function refused(what: string, cause?: unknown): ParleyError {
  return new ParleyError('bad_request', {
    field: 'public_key',
    message: `The key ${what}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
