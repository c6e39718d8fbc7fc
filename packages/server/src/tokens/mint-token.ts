import { SignJWT } from 'jose';
import type { SigningKeys } from './signing-keys.ts';
import { audience } from './verify-token.ts';

interface MintToken {
  readonly tenant: string;
  readonly user: string;
  /** How long it is good for, in seconds. */
  readonly expiresIn: number;
  /** The clock, in milliseconds. */
  readonly now: number;
}

/** A fresh user token; `expiresAt` in milliseconds. */
export interface MintedToken {
  readonly token: string;
  readonly expiresAt: number;
}

/** Signs a token that lets its bearer speak as this person. */
export async function mintToken(keys: SigningKeys, input: MintToken): Promise<MintedToken> {
  const key = await keys.newest(input.tenant);
  if (key === undefined) throw new Error('The tenant has no signing key.');
  const issuedAt = Math.floor(input.now / 1000);
  const expiresAt = issuedAt + input.expiresIn;
  const token = await new SignJWT({ tenant: input.tenant })
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'JWT' })
    .setSubject(input.user)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.key);
  return { token, expiresAt: expiresAt * 1000 };
}
