import { generateKeyPairSync } from 'node:crypto';
import { type BadToken, claims, header, type Issuers } from './issuers.ts';
import { hs, signedBy } from './token-parts.ts';

/** Headers that bring or name other keys, or are none. */
export function wrongHeaders(issuers: Issuers): BadToken[] {
  const { kid, secret, trap } = issuers;
  const body = claims(issuers);
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = own.publicKey.export({ format: 'jwk' });
  const bad: BadToken[] = [];
  const kids: readonly unknown[] = [
    undefined,
    null,
    '',
    0,
    [kid],
    { kid },
    ` ${kid}`,
    `${kid} `,
    `${kid}\u0000`,
    kid.toUpperCase(),
    '../../../../etc/passwd',
    '/dev/null',
    `${kid}' or '1'='1`,
    `${kid}'; drop table signing_key; --`,
    '%',
    '_',
    '*',
    'x'.repeat(5_000),
    '__proto__',
    'constructor',
    'https://example.com/key',
    `${issuers.tenant}:${kid}`,
  ];
  for (const wrong of kids) {
    bad.push({
      why: `kid ${JSON.stringify(wrong)?.slice(0, 40)}`,
      token: hs({ alg: 'HS256', kid: wrong }, body, secret),
    });
    bad.push({
      why: `kid ${JSON.stringify(wrong)?.slice(0, 40)} under an empty secret`,
      token: hs({ alg: 'HS256', kid: wrong }, body, ''),
    });
  }
  for (const [name, value] of Object.entries({
    jku: `${trap}/jwks.json`,
    x5u: `${trap}/chain.pem`,
    jwk,
    x5c: ['MIIB'],
  })) {
    bad.push({
      why: `${name} brings a key`,
      token: signedBy(own.privateKey, { alg: 'ES256', kid: 'mine', [name]: value }, body),
    });
    bad.push({
      why: `${name} brings a key under a known name`,
      token: signedBy(own.privateKey, { alg: 'ES256', kid: 'ES256', [name]: value }, body),
    });
  }
  for (const [why, more] of Object.entries({
    'crit of nothing known': { crit: ['exp'], exp: 1 },
    'crit b64': { crit: ['b64'], b64: false },
    'an empty crit': { crit: [] },
    'typ of an encrypted one': { typ: 'JWE' },
    'typ of an access token': { typ: 'at+jwt' },
    'typ that is no text': { typ: ['JWT'] },
    'kid as an address': { kid: `${trap}/key` },
  })) {
    bad.push({ why, token: hs({ ...header(issuers), ...more }, body, secret) });
  }
  const twice = (text: string) => `${text.slice(0, -1)},"alg":"HS256"}`;
  bad.push(
    {
      why: 'alg twice',
      token: hs(twice(JSON.stringify({ ...header(issuers), alg: 'none' })), body, secret),
    },
    { why: 'kid twice', token: hs(`{"alg":"HS256","kid":"x","kid":"${kid}"}`, body, secret) },
    {
      why: 'kid twice, once escaped',
      token: hs(`{"alg":"HS256","\\u006bid":"x","kid":"${kid}"}`, body, secret),
    },
    { why: 'a header that is a list', token: hs([header(issuers)], body, secret) },
    { why: 'a header that is null', token: hs('null', body, secret) },
    { why: 'a header that is not JSON', token: hs('{alg:HS256}', body, secret) },
    {
      why: 'a header with a mark before',
      token: hs(`\ufeff${JSON.stringify(header(issuers))}`, body, secret),
    },
  );
  return bad;
}
