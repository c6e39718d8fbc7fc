import { ParleyError } from '@parley/protocol';
import { isKid } from './kid.ts';
import { type PublicKey, parsePublicKey } from './public-key.ts';

/** A public key under the name that tokens call it by. */
export interface NamedKey extends PublicKey {
  readonly kid: string;
  /** Its place in the set. */
  readonly index: number;
}

/** A key of a set that is not used, and why; `index` is its place in the set. */
export interface IgnoredKey {
  readonly index: number;
  readonly reason: string;
}

/** What a published set of keys (JWKS) has for us. */
export interface KeySet {
  readonly keys: readonly NamedKey[];
  readonly ignored: readonly IgnoredKey[];
}

/** Keys of one set, at most: more are not read. */
export const keysPerSet = 50;

/**
 * Reads a JWKS document; undefined when it is none, or too large a one.
 *
 * Keys that we cannot rely on are left out: sets also hold keys for encryption, and for others.
 */
export function parseKeySet(document: unknown): KeySet | undefined {
  if (typeof document !== 'object' || document === null || !('keys' in document)) return undefined;
  const { keys: listed } = document;
  if (!Array.isArray(listed) || listed.length > keysPerSet) return undefined;
  const keys = new Map<string, NamedKey>();
  const ignored: IgnoredKey[] = [];
  for (const [index, jwk] of listed.entries()) {
    const key = readKey(jwk, index);
    if (typeof key === 'string') ignored.push({ index, reason: key });
    else if (keys.has(key.kid)) ignored.push({ index, reason: 'Its `kid` is taken in the set.' });
    else keys.set(key.kid, key);
  }
  return { keys: [...keys.values()], ignored };
}

/** The key, or why it is none of ours. */
function readKey(jwk: unknown, index: number): NamedKey | string {
  try {
    const key = parsePublicKey(jwk);
    const kid = typeof jwk === 'object' && jwk !== null && 'kid' in jwk ? jwk.kid : undefined;
    return isKid(kid) ? { ...key, kid, index } : 'It has no `kid` of 1 to 128 plain characters.';
  } catch (error) {
    if (error instanceof ParleyError) return error.message;
    throw error;
  }
}
