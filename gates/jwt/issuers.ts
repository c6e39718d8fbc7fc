import type { Json, Pairs } from './token-parts.ts';

/** What tokens are made with: two tenants that have keys of the same names. */
export interface Issuers {
  readonly tenant: string;
  readonly rival: string;
  readonly user: string;
  /** Of the HMAC secret. */
  readonly kid: string;
  readonly rivalKid: string;
  readonly secret: string;
  readonly rivalSecret: string;
  /** Registered by the tenant as `ES256`, `EdDSA`, `RS256`; the rival has others of these names. */
  readonly pairs: Pairs;
  readonly rivalPairs: Pairs;
  /** An address that counts who comes. */
  readonly trap: string;
  /** Seconds. */
  readonly now: number;
}

export interface BadToken {
  readonly why: string;
  readonly token: string;
}

export function header({ kid }: Issuers): Json {
  return { alg: 'HS256', typ: 'JWT', kid };
}

export function claims({ tenant, user, now }: Issuers): Json {
  return { aud: 'parley', tenant, sub: user, iat: now, exp: now + 600 };
}
