import { isUserId, ParleyError, parseName } from '@parley/protocol';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { SigningKey, SigningKeys } from './signing-keys.ts';
import { readUnverifiedToken } from './unverified-token.ts';

/** Who a verified token speaks for. Times are milliseconds. */
export interface VerifiedToken {
  readonly tenant: string;
  readonly user: string;
  /** The `name` claim, when it is a possible name. */
  readonly name?: string;
  readonly kid: string;
  readonly registration: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Whom our tokens are for: the claim `aud`. */
export const audience = 'parley';

const leewaySeconds = 5;
const lastInstant = 8.64e15;

/**
 * Verifies a user token: its signature by a key of the tenant, all claims of the contract.
 *
 * `now` in milliseconds. Throws `unauthorized` with one text for every fault, since telling them
 * apart would help only those who try; `cause` names the reason for debug logs.
 */
export async function verifyToken(
  keys: SigningKeys,
  token: string,
  now: number,
): Promise<VerifiedToken> {
  const claimed = readUnverifiedToken(token);
  if (claimed === undefined) return refuse('malformed');
  const key = await keys.find(claimed.tenant, claimed.kid);
  if (key === undefined) return refuse('unknown key');
  const payload = await verifySignature(token, key, now);
  return readClaims(payload, key, now);
}

async function verifySignature(
  token: string,
  { key, algorithm }: SigningKey,
  now: number,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      // The stored key says which algorithm it is for, never the token. EdDSA has two names.
      algorithms: algorithm === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [algorithm],
      audience,
      clockTolerance: leewaySeconds,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    // jose's errors carry the claims: only their code goes on.
    if (error instanceof errors.JOSEError) return refuse(error.code);
    throw error;
  }
}

function readClaims(
  payload: JWTPayload,
  { kid, registration }: SigningKey,
  now: number,
): VerifiedToken {
  const { tenant, sub, iat, exp, name } = payload;
  // The same bytes were read before to find the key, so this tenant is the key's.
  if (typeof tenant !== 'string') return refuse('tenant');
  if (typeof sub !== 'string' || !isUserId(sub)) return refuse('sub');
  const issuedAt = milliseconds(iat);
  const expiresAt = milliseconds(exp);
  if (issuedAt === undefined || issuedAt > now + leewaySeconds * 1000) return refuse('iat');
  if (expiresAt === undefined) return refuse('exp');
  const known = readName(name);
  return {
    tenant,
    user: sub,
    ...(known === undefined ? {} : { name: known }),
    kid,
    registration,
    issuedAt,
    expiresAt,
  };
}

function milliseconds(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number' || !(seconds >= 0)) return undefined;
  // Rounded, not cut: a time with milliseconds in it comes back as it was written.
  const time = Math.round(seconds * 1000);
  return time <= lastInstant ? time : undefined;
}

// Nobody is locked out for a name that is empty or too long: it counts as none.
function readName(name: unknown): string | undefined {
  if (name === undefined || name === null) return undefined;
  if (typeof name !== 'string') return refuse('name');
  try {
    return parseName(name);
  } catch (error) {
    if (error instanceof ParleyError) return undefined;
    throw error;
  }
}

function refuse(reason: string): never {
  throw new ParleyError('unauthorized', { cause: new Error(reason) });
}
