import { type BadToken, claims, header, type Issuers } from './issuers.ts';
import { hs, type Json } from './token-parts.ts';

/** Claims that are missing, of another kind, past, or told twice. */
export function wrongClaims(issuers: Issuers): BadToken[] {
  const { now, secret, tenant, rival, user } = issuers;
  const wrong: readonly Json[] = [
    { exp: undefined },
    { exp: null },
    { exp: String(now + 600) },
    { exp: now - 120 },
    { exp: 0 },
    { exp: -1 },
    { exp: [now + 600] },
    { exp: true },
    { exp: 1e300 },
    { nbf: now + 600 },
    { nbf: 'now' },
    { iat: now + 600 },
    { iat: String(now) },
    { iat: undefined },
    { iat: null },
    { iat: -1 },
    { aud: undefined },
    { aud: null },
    { aud: 'Parley' },
    { aud: 'parley ' },
    { aud: '' },
    { aud: [] },
    { aud: ['other'] },
    { aud: { parley: true } },
    { aud: 1 },
    { aud: 'parley,other' },
    { tenant: undefined },
    { tenant: null },
    { tenant: rival },
    { tenant: '' },
    { tenant: [tenant] },
    { tenant: tenant.toUpperCase() },
    { tenant: `${tenant} ` },
    { tenant: `${tenant}\u0000` },
    { tenant: '*' },
    { tenant: '%' },
    { tenant: { $ne: null } },
    { tenant: 'nowhere' },
    { sub: undefined },
    { sub: null },
    { sub: '' },
    { sub: 1 },
    { sub: [user] },
    { sub: { id: user } },
    { sub: 'x'.repeat(129) },
    { sub: 'a\u0000b' },
    { sub: 'a\nb' },
    { sub: true },
  ];
  const bad = wrong.map((change) => ({
    why: `claims with ${JSON.stringify(change).slice(0, 60)} of ${Object.keys(change).join()}`,
    token: hs(header(issuers), { ...claims(issuers), ...change }, secret),
  }));
  const text = JSON.stringify(claims(issuers));
  const bodies: Readonly<Record<string, unknown>> = {
    'the same claim twice': `${text.slice(0, -1)},"tenant":"${tenant}"}`,
    'a person twice': `${text.slice(0, -1)},"sub":"root"}`,
    'claims in a list': [claims(issuers)],
    'claims in a text': JSON.stringify(text),
    'claims that are null': 'null',
    'claims that are no JSON': text.slice(0, -1),
    'claims that are not UTF-8': Buffer.concat([
      Buffer.from(text.slice(0, -1)),
      Buffer.from(',"x":"\xff"}', 'latin1'),
    ]),
    'claims that come by a prototype': `{"__proto__":${text}}`,
    'exp beyond numbers': text.replace(/"exp":\d+/, '"exp":1e999'),
    'a mark before the claims': `\ufeff${text}`,
  };
  for (const [why, body] of Object.entries(bodies))
    bad.push({ why, token: hs(header(issuers), body, secret) });
  return bad;
}
