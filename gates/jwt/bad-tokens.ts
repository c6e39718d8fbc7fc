import type { BadToken, Issuers } from './issuers.ts';
import { misshapen } from './misshapen.ts';
import { wrongAlgorithms } from './wrong-algorithms.ts';
import { wrongClaims } from './wrong-claims.ts';
import { wrongHeaders } from './wrong-headers.ts';
import { wrongKeys } from './wrong-keys.ts';

/** Tokens that must not open anything, each wrong in one way (RFC 8725, and what broke elsewhere). */
export function badTokens(issuers: Issuers): BadToken[] {
  return [
    ...misshapen(issuers),
    ...wrongAlgorithms(issuers),
    ...wrongHeaders(issuers),
    ...wrongClaims(issuers),
    ...wrongKeys(issuers),
  ];
}
