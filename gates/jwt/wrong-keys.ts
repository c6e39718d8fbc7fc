import { type BadToken, claims, header, type Issuers } from './issuers.ts';
import { hs, signedBy } from './token-parts.ts';

/** Good tokens under keys that are not the tenant's, or not of that name. */
export function wrongKeys(issuers: Issuers): BadToken[] {
  const { kid, rivalKid, secret, rivalSecret, pairs, rivalPairs, rival } = issuers;
  const body = claims(issuers);
  const other = { ...body, tenant: rival };
  const bad: BadToken[] = [
    {
      why: "the rival's secret under our name",
      token: hs({ alg: 'HS256', kid }, body, rivalSecret),
    },
    {
      why: "the rival's secret and name in our tenant",
      token: hs({ alg: 'HS256', kid: rivalKid }, body, rivalSecret),
    },
    {
      why: 'our secret and name in the rival tenant',
      token: hs({ alg: 'HS256', kid }, other, secret),
    },
    {
      why: "our secret under the rival's name there",
      token: hs({ alg: 'HS256', kid: rivalKid }, other, secret),
    },
    { why: 'an empty secret', token: hs(header(issuers), body, '') },
    {
      why: 'the secret decoded',
      token: hs(header(issuers), body, Buffer.from(secret, 'base64url')),
    },
    { why: 'the key id as the secret', token: hs(header(issuers), body, kid) },
    { why: 'the tenant as the secret', token: hs(header(issuers), body, issuers.tenant) },
    { why: 'a secret with a line break', token: hs(header(issuers), body, `${secret}\n`) },
  ];
  for (const name of ['ES256', 'EdDSA', 'RS256'] as const) {
    bad.push(
      // Both tenants have a key of this name.
      {
        why: `the rival's ${name} in our tenant`,
        token: signedBy(rivalPairs[name].privateKey, { alg: name, kid: name }, body),
      },
      {
        why: `our ${name} in the rival tenant`,
        token: signedBy(pairs[name].privateKey, { alg: name, kid: name }, other),
      },
    );
  }
  return bad;
}
