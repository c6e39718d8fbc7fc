import { ParleyError } from '@parley/protocol';
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

/** How long a token that we mint may last, in seconds: 30 days. */
export const longestTokenSeconds = 30 * 86_400;

/**
 * Signs a token that lets its bearer speak as this person.
 *
 * It says to the millisecond when it was issued: a token made right after the person's tokens were
 * revoked lives, one made right before is dead. Throws `bad_request` for a time outside 1 s to 30
 * days, `not_allowed` when the tenant has no secret to sign with.
 */
export async function mintToken(keys: SigningKeys, input: MintToken): Promise<MintedToken> {
  const key = await keys.newest(input.tenant);
  if (key === undefined) throw new ParleyError('not_allowed', { message: noSecret });
  const { now, expiresIn } = input;
  if (!(expiresIn >= 1 && expiresIn <= longestTokenSeconds)) {
    throw new ParleyError('bad_request', {
      field: 'expires_in',
      message: `A token lasts from 1 to ${longestTokenSeconds} seconds.`,
    });
  }
  const expiresAt = now + expiresIn * 1000;
  const token = await new SignJWT({ tenant: input.tenant })
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'JWT' })
    .setSubject(input.user)
    .setAudience(audience)
    .setIssuedAt(now / 1000)
    .setExpirationTime(expiresAt / 1000)
    .sign(key.key);
  return { token, expiresAt };
}

const noSecret =
  'The tenant has no signing secret to make tokens with. Make one with POST /v1/signing-keys ' +
  '{"algorithm":"HS256"}, or sign tokens yourself with the private half of a registered key.';
