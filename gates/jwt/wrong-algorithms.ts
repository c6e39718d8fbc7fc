import { constants, sign } from 'node:crypto';
import { type BadToken, claims, header, type Issuers } from './issuers.ts';
import { hs, part, publicTexts, signature, signedBy } from './token-parts.ts';

/** Algorithms other than the key's own. */
export function wrongAlgorithms(issuers: Issuers): BadToken[] {
  const { secret, pairs } = issuers;
  const body = claims(issuers);
  const bad: BadToken[] = [];
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'none ']) {
    const head = part({ ...header(issuers), alg });
    bad.push({ why: `alg "${alg}" without a signature`, token: `${head}.${part(body)}.` });
    bad.push({
      why: `alg "${alg}" with a good signature`,
      token: hs({ ...header(issuers), alg }, body, secret),
    });
  }
  for (const [alg, hash] of [
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['hs256', 'sha256'],
    ['HS1', 'sha1'],
  ]) {
    bad.push({
      why: `alg ${alg} under the secret of HS256`,
      token: hs({ ...header(issuers), alg }, body, secret, hash),
    });
  }
  for (const alg of [undefined, null, 1, ['HS256'], { name: 'HS256' }, true]) {
    bad.push({
      why: `alg ${JSON.stringify(alg)}`,
      token: hs({ ...header(issuers), alg }, body, secret),
    });
  }
  for (const kid of ['ES256', 'EdDSA', 'RS256'] as const) {
    for (const [index, text] of publicTexts(pairs[kid].publicKey).entries()) {
      bad.push({
        why: `HMAC with the public key of ${kid} (${index}) as its secret`,
        token: hs({ alg: 'HS256', kid }, body, text),
      });
    }
    bad.push({
      why: `the secret's algorithm told of the key ${kid}`,
      token: hs({ alg: 'HS256', kid }, body, secret),
    });
    for (const zeros of [64, 256]) {
      bad.push({
        why: `${kid} with a signature of ${zeros} zeros`,
        token: `${part({ alg: kid, kid })}.${part(body)}.${Buffer.alloc(zeros).toString('base64url')}`,
      });
    }
  }
  const { privateKey } = pairs.RS256;
  const pss = `${part({ alg: 'PS256', kid: 'RS256' })}.${part(body)}`;
  const padding = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const es = `${part({ alg: 'ES256', kid: 'ES256' })}.${part(body)}`;
  const rs512 = `${part({ alg: 'RS512', kid: 'RS256' })}.${part(body)}`;
  const der = sign('sha256', Buffer.from(es), pairs.ES256.privateKey);
  bad.push(
    {
      why: 'PS256 with a key of RS256',
      token: `${pss}.${sign('sha256', Buffer.from(pss), padding).toString('base64url')}`,
    },
    {
      why: 'RS512 with a key of RS256',
      token: `${rs512}.${signature(privateKey, rs512, 'sha512')}`,
    },
    { why: 'ES256 with a signature in DER', token: `${es}.${der.toString('base64url')}` },
    {
      why: 'ES256 told, EdDSA signed',
      token: signedBy(pairs.EdDSA.privateKey, { alg: 'ES256', kid: 'ES256' }, body),
    },
    {
      why: 'EdDSA told of a key of ES256',
      token: signedBy(pairs.EdDSA.privateKey, { alg: 'EdDSA', kid: 'ES256' }, body),
    },
    {
      why: 'RS256 told of the secret',
      token: signedBy(privateKey, { alg: 'RS256', kid: issuers.kid }, body),
    },
  );
  return bad;
}
