import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { createTenant, type NewTenant } from '../tenants/create-tenant.ts';
import { mintToken } from './mint-token.ts';
import { type PublicAlgorithm, parsePublicKey } from './public-key.ts';
import { SecretBox } from './secret-box.ts';
import { SigningKeys } from './signing-keys.ts';
import { signedToken, testPair } from './testing/key-pair.ts';
import { verifyToken } from './verify-token.ts';

const now = Date.UTC(2026, 10, 22);
const seconds = now / 1000;
const secretKey = randomBytes(32);

let database: TestDatabase;
let keys: SigningKeys;
let acme: NewTenant;
let rival: NewTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  keys = new SigningKeys({ db, secretKey, now: () => now });
  acme = await createTenant({ db, keys }, { id: 'acme', name: 'Acme' });
  rival = await createTenant({ db, keys }, { id: 'rival', name: 'Rival' });
});

afterAll(() => database.drop());

type Json = Readonly<Record<string, unknown>>;

interface Recipe {
  readonly header?: Json;
  readonly claims?: Json;
  readonly secret?: string;
  readonly hash?: string;
}

function base64url(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64url');
}

function signed(head: string, body: string, secret = acme.signing_secret, hash = 'sha256'): string {
  const signature = createHmac(hash, secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

function goodHeader(): Json {
  return { alg: 'HS256', kid: acme.kid, typ: 'JWT' };
}

function goodClaims(): Json {
  return { aud: 'parley', tenant: 'acme', sub: 'alice', iat: seconds, exp: seconds + 60 };
}

/** A token like a good one, but for what the recipe says; `undefined` leaves a field out. */
function make({ header = {}, claims = {}, secret, hash }: Recipe = {}): string {
  return signed(
    base64url({ ...goodHeader(), ...header }),
    base64url({ ...goodClaims(), ...claims }),
    secret,
    hash,
  );
}

function verify(token: string): ReturnType<typeof verifyToken> {
  return verifyToken(keys, token, now);
}

describe('A token that is good', () => {
  test('[AU11] says who it speaks for, and until when', async () => {
    expect(await verify(make({ claims: { name: ' Alice  B ' } }))).toEqual({
      tenant: 'acme',
      user: 'alice',
      name: 'Alice B',
      kid: acme.kid,
      registration: expect.any(String),
      issuedAt: now,
      expiresAt: now + 60_000,
    });
  });

  test.each<[string, Recipe]>([
    ['has no typ', { header: { typ: undefined } }],
    ['names us among other audiences', { claims: { aud: ['elsewhere', 'parley'] } }],
    ['is a little from the future, within the leeway', { claims: { iat: seconds + 4 } }],
    ['has expired within the leeway', { claims: { exp: seconds - 4 } }],
    ['has times with fractions', { claims: { iat: seconds - 0.5, exp: seconds + 0.5 } }],
    ['carries claims and headers of others', { header: { x5t: 'x', zz: 1 }, claims: { x: 1 } }],
    ['has a name that cannot be one', { claims: { name: ' ' } }],
    ['has a null name', { claims: { name: null } }],
    ['is for an id of 128 characters', { claims: { sub: 'x'.repeat(128) } }],
  ])('[AU11] is accepted when it %s', async (_, recipe) => {
    await expect(verify(make(recipe))).resolves.toMatchObject({ tenant: 'acme' });
  });

  test('[AU11] Text that is no name counts as none', async () => {
    expect(await verify(make({ claims: { name: 'x'.repeat(201) } }))).not.toHaveProperty('name');
  });

  test('[AU12] What we mint verifies, and ends when it was asked to', async () => {
    const minted = await mintToken(keys, { tenant: 'rival', user: 'bob', expiresIn: 2, now });
    expect(minted.expiresAt).toBe(now + 2_000);
    expect(await verify(minted.token)).toMatchObject({ tenant: 'rival', user: 'bob' });
    await expect(verifyToken(keys, minted.token, now + 8_000)).rejects.toThrow(ParleyError);
  });
});

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' });

/** Each a way in that must be shut. A function, because the secrets are made in `beforeAll`. */
const bad: Readonly<Record<string, () => string>> = {
  'alg none without signature': () => {
    const token = make({ header: { alg: 'none' } });
    return token.slice(0, token.lastIndexOf('.') + 1);
  },
  'alg None in capitals': () => make({ header: { alg: 'None' } }),
  'alg none with a signature': () => make({ header: { alg: 'none' } }),
  'alg HS512 with the right secret': () => make({ header: { alg: 'HS512' }, hash: 'sha512' }),
  'alg HS384 with the right secret': () => make({ header: { alg: 'HS384' }, hash: 'sha384' }),
  'alg HS256 over a SHA-512 signature': () => make({ hash: 'sha512' }),
  'alg RS256 said, HMAC done': () => make({ header: { alg: 'RS256' } }),
  'alg HS256 with a public key as secret': () => make({ secret: String(publicPem) }),
  'alg missing': () => make({ header: { alg: undefined } }),
  'alg a number': () => make({ header: { alg: 256 } }),
  'alg in lower case': () => make({ header: { alg: 'hs256' } }),
  'an empty secret': () => make({ secret: '' }),
  "another tenant's secret": () => make({ secret: rival.signing_secret }),
  "another tenant's key, our tenant": () =>
    make({ header: { kid: rival.kid }, secret: rival.signing_secret }),
  "our key, another tenant's claim": () => make({ claims: { tenant: 'rival' } }),
  'the secret decoded from base64url': () =>
    signed(
      base64url(goodHeader()),
      base64url(goodClaims()),
      Buffer.from(acme.signing_secret, 'base64url').toString('latin1'),
    ),
  'kid missing': () => make({ header: { kid: undefined } }),
  'kid unknown': () => make({ header: { kid: 'abcdefghijkl' } }),
  'kid a path': () => make({ header: { kid: '../../dev/null' } }),
  'kid SQL': () => make({ header: { kid: "' or 1=1 --" } }),
  'kid with U+0000': () => make({ header: { kid: `${acme.kid}\u0000` } }),
  'kid a list': () => make({ header: { kid: [acme.kid] } }),
  'kid an object': () => make({ header: { kid: { toString: acme.kid } } }),
  'kid huge': () => make({ header: { kid: 'k'.repeat(129) } }),
  'kid in capitals': () => make({ header: { kid: acme.kid.toUpperCase() } }),
  'typ JWS': () => make({ header: { typ: 'JWS' } }),
  'typ at+jwt': () => make({ header: { typ: 'at+jwt' } }),
  'typ null': () => make({ header: { typ: null } }),
  'crit with an unknown extension': () => make({ header: { crit: ['x'], x: 1 } }),
  'crit b64': () => make({ header: { crit: ['b64'], b64: true } }),
  'crit empty': () => make({ header: { crit: [] } }),
  'b64 alone': () => make({ header: { b64: true } }),
  'a key of its own (jwk)': () => make({ header: { jwk: testPair('ES256').jwk } }),
  'an address of keys (jku)': () => make({ header: { jku: 'https://x.test/jwks.json' } }),
  'an address of a certificate (x5u)': () => make({ header: { x5u: 'https://x.test/cert' } }),
  'a certificate (x5c)': () => make({ header: { x5c: ['AAAA'] } }),
  'payload not encoded (b64 false)': () => make({ header: { crit: ['b64'], b64: false } }),
  'tenant missing': () => make({ claims: { tenant: undefined } }),
  'tenant unknown': () => make({ claims: { tenant: 'nobody' } }),
  'tenant a list': () => make({ claims: { tenant: ['acme'] } }),
  'tenant with U+0000': () => make({ claims: { tenant: 'acme\u0000' } }),
  'tenant in capitals': () => make({ claims: { tenant: 'ACME' } }),
  'tenant with the separator of cache keys': () => make({ claims: { tenant: `acme:${acme.kid}` } }),
  'sub missing': () => make({ claims: { sub: undefined } }),
  'sub empty': () => make({ claims: { sub: '' } }),
  'sub a number': () => make({ claims: { sub: 7 } }),
  'sub an object': () => make({ claims: { sub: { id: 'alice' } } }),
  'sub with a control character': () => make({ claims: { sub: 'ali\u0000ce' } }),
  'sub with half a surrogate pair': () => make({ claims: { sub: 'x\ud800' } }),
  'sub of 129 characters': () => make({ claims: { sub: 'x'.repeat(129) } }),
  'aud missing': () => make({ claims: { aud: undefined } }),
  'aud another': () => make({ claims: { aud: 'parleys' } }),
  'aud a list without us': () => make({ claims: { aud: ['other'] } }),
  'aud an object': () => make({ claims: { aud: { parley: true } } }),
  'exp missing': () => make({ claims: { exp: undefined } }),
  'exp past': () => make({ claims: { exp: seconds - 6 } }),
  'exp text': () => make({ claims: { exp: String(seconds + 60) } }),
  'exp null': () => make({ claims: { exp: null } }),
  'exp beyond all dates': () => make({ claims: { exp: 1e300 } }),
  'exp negative': () => make({ claims: { exp: -1 } }),
  'iat missing': () => make({ claims: { iat: undefined } }),
  'iat in the future': () => make({ claims: { iat: seconds + 6 } }),
  'iat text': () => make({ claims: { iat: 'now' } }),
  'nbf in the future': () => make({ claims: { nbf: seconds + 6 } }),
  'nbf text': () => make({ claims: { nbf: 'soon' } }),
  'name an object': () => make({ claims: { name: { first: 'A' } } }),
  'a claim twice': () => {
    const body = JSON.stringify(goodClaims()).replace('{', '{"tenant":"rival",');
    return signed(base64url(goodHeader()), base64url(body));
  },
  'a header twice, once escaped': () => {
    const head = JSON.stringify(goodHeader()).replace('{', `{"k\\u0069d":"${rival.kid}",`);
    return signed(base64url(head), base64url(goodClaims()));
  },
  'claims a list': () => signed(base64url(goodHeader()), base64url([goodClaims()])),
  'claims null': () => signed(base64url(goodHeader()), base64url('null')),
  'claims not JSON': () => signed(base64url(goodHeader()), base64url('{tenant: acme}')),
  'claims not UTF-8': () => {
    const body = Buffer.from(JSON.stringify({ ...goodClaims(), x: 'é' }), 'latin1');
    return signed(base64url(goodHeader()), body.toString('base64url'));
  },
  'header not JSON': () => signed(base64url('alg'), base64url(goodClaims())),
  'claims changed after signing': () => {
    const [head, , signature] = make().split('.');
    return `${head}.${base64url({ ...goodClaims(), sub: 'bob' })}.${signature}`;
  },
  'header changed after signing': () => {
    const [, body, signature] = make().split('.');
    return `${base64url({ ...goodHeader(), typ: undefined })}.${body}.${signature}`;
  },
  'signature of another token': () => {
    const [head, body] = make().split('.');
    return `${head}.${body}.${make({ claims: { sub: 'bob' } }).split('.')[2]}`;
  },
  'signature empty': () => make().replace(/[^.]+$/, ''),
  'signature cut short': () => make().slice(0, -4),
  'signature spelled with spare bits': () => {
    const token = make();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.slice(-1));
    return token.slice(0, -1) + alphabet.charAt(last + 1);
  },
  'padding added': () => `${make()}=`,
  'a space before': () => ` ${make()}`,
  'a line break after': () => `${make()}\n`,
  'two parts': () => make().split('.').slice(0, 2).join('.'),
  'four parts': () => `${make()}.x`,
  'five parts, as encrypted tokens have': () => 'a.b.c.d.e',
  'JSON instead of compact form': () => JSON.stringify({ payload: base64url(goodClaims()) }),
  'an API key': () => acme.api_key,
  empty: () => '',
  'only dots': () => '..',
  'larger than the limit': () => make({ claims: { padding: 'x'.repeat(8_192) } }),
};

describe('A token that is not good', () => {
  test.each(Object.entries(bad))('[AU13] is refused: %s', async (_, token) => {
    const error = await verify(token()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ParleyError);
    expect(error).toMatchObject({ code: 'unauthorized' });
    // One text for all: what was wrong is no business of whoever tries.
    expect(error).toMatchObject({ message: new ParleyError('unauthorized').message });
  });

  test('[AU13] Two tenants with one key id stay apart, whoever came first', async () => {
    const secret = 'a secret of twin and of nobody else';
    await database.sql.insertInto('tenant').values({ id: 'twin', name: 'Twin' }).execute();
    await database.sql
      .insertInto('signing_key')
      .values({
        tenant_id: 'twin',
        kid: acme.kid,
        algorithm: 'HS256',
        secret: new SecretBox(secretKey).seal(secret, ['signing_key', 'twin', acme.kid]),
      })
      .execute();
    const twins = make({ claims: { tenant: 'twin' }, secret });
    await expect(verify(twins)).resolves.toMatchObject({ tenant: 'twin' });
    await expect(verify(make())).resolves.toMatchObject({ tenant: 'acme' });
    await expect(verify(make({ secret }))).rejects.toThrow(ParleyError);
    await expect(verify(make({ claims: { tenant: 'twin' } }))).rejects.toThrow(ParleyError);
  });

  test('[AU10] A stored secret that was moved to another tenant does not open', async () => {
    const { kid, sealed } = keys.generate('acme');
    await database.sql
      .insertInto('signing_key')
      .values({ tenant_id: 'rival', kid, algorithm: 'HS256', secret: sealed })
      .execute();
    await expect(keys.find('rival', kid)).rejects.toThrow('PARLEY_SECRET_KEY');
  });

  test('[AU13] A stored key that is not what its row says verifies nothing', async () => {
    const pair = testPair('RS256');
    await storeKey('odd', { algorithm: 'ES256', jwk: pair.jwk });
    const token = signedToken({ alg: 'RS256', kid: 'odd' }, goodClaims(), pair);
    await expect(verify(token)).rejects.toMatchObject({ code: 'unauthorized' });
    await storeKey('weak', { algorithm: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'AA' } });
    expect(await keys.find('acme', 'weak')).toBeUndefined();
  });

  test('[AU13] A fault of the database is not taken for a bad token', async () => {
    await using other = await createTestDatabase();
    await other.db.close();
    const cut = new SigningKeys({ db: other.db, secretKey, now: () => now });
    const error = await verifyToken(cut, make(), now).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(ParleyError);
  });
});

/** Stores a public key of acme as a registration would have. */
async function storeKey(
  kid: string,
  { algorithm, jwk }: { readonly algorithm: PublicAlgorithm; readonly jwk: object },
): Promise<void> {
  await database.sql
    .insertInto('signing_key')
    .values({ tenant_id: 'acme', kid, algorithm, public_key: JSON.stringify(jwk) })
    .execute();
}

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('With a registered key, %s,', (algorithm) => {
  const pair = testPair(algorithm);
  const other = testPair(algorithm);
  const kid = `pair/${algorithm}+=:~`;
  const header = { alg: algorithm, kid, typ: 'JWT' };

  beforeAll(async () => {
    const { jwk } = parsePublicKey(pair.jwk);
    await storeKey(kid, { algorithm, jwk });
    await database.sql
      .insertInto('signing_key')
      .values({
        tenant_id: 'rival',
        kid,
        algorithm,
        public_key: JSON.stringify(parsePublicKey(other.jwk).jwk),
      })
      .execute();
  });

  test('[AU61] what its other half signed is accepted', async () => {
    const token = signedToken(header, goodClaims(), pair);
    expect(await verify(token)).toMatchObject({ tenant: 'acme', user: 'alice', kid });
    expect(await verify(signedToken({ alg: algorithm, kid }, goodClaims(), pair))).toBeDefined();
  });

  test('[AU63] a key of this name in another tenant is another key', async () => {
    const theirs = { ...goodClaims(), tenant: 'rival' };
    await expect(verify(signedToken(header, theirs, other))).resolves.toMatchObject({
      tenant: 'rival',
    });
    for (const token of [
      signedToken(header, theirs, pair),
      signedToken(header, goodClaims(), other),
    ]) {
      await expect(verify(token)).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });

  const spki = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
  const wrong: Readonly<Record<string, () => string>> = {
    'HMAC with the public key as PEM': () =>
      signedToken({ ...header, alg: 'HS256' }, goodClaims(), { secret: spki }),
    'HMAC with the public key as PEM, trimmed': () =>
      signedToken({ ...header, alg: 'HS256' }, goodClaims(), { secret: spki.trim() }),
    'HMAC with the public key as JWK': () =>
      signedToken({ ...header, alg: 'HS256' }, goodClaims(), { secret: JSON.stringify(pair.jwk) }),
    'HMAC with the public key as DER': () =>
      signedToken({ ...header, alg: 'HS256' }, goodClaims(), {
        secret: pair.publicKey.export({ type: 'spki', format: 'der' }),
      }),
    "HMAC with the tenant's secret": () =>
      signedToken({ ...header, alg: 'HS256' }, goodClaims(), { secret: acme.signing_secret }),
    'HMAC, said to be of this algorithm': () =>
      signedToken(header, goodClaims(), { secret: acme.signing_secret }),
    'another pair': () => signedToken(header, goodClaims(), other),
    'another pair that it brings along': () =>
      signedToken({ ...header, jwk: other.jwk }, goodClaims(), other),
    'the pair, under the name of the secret': () =>
      signedToken({ ...header, kid: acme.kid }, goodClaims(), pair),
    'no algorithm': () => signedToken({ kid }, goodClaims(), pair),
    none: () =>
      `${signedToken({ ...header, alg: 'none' }, goodClaims(), pair)
        .split('.', 2)
        .join('.')}.`,
    ...Object.fromEntries(
      ['ES256', 'ES256K', 'ES384', 'EdDSA', 'Ed448', 'RS256', 'RS512', 'PS256', 'none']
        .filter((name) => name !== algorithm)
        .map((name) => [
          `the pair, said to be ${name}`,
          () => signedToken({ ...header, alg: name }, goodClaims(), pair),
        ]),
    ),
    'a signature of zeros': () =>
      signedToken(header, goodClaims(), pair).replace(/[^.]+$/, 'A'.repeat(86)),
    'a signature cut short': () => signedToken(header, goodClaims(), pair).slice(0, -8),
    'claims changed after signing': () => {
      const [head, , signature] = signedToken(header, goodClaims(), pair).split('.');
      return `${head}.${base64url({ ...goodClaims(), sub: 'bob' })}.${signature}`;
    },
    'a token that expired': () => signedToken(header, { ...goodClaims(), exp: seconds - 6 }, pair),
    'a token for later': () => signedToken(header, { ...goodClaims(), nbf: seconds + 6 }, pair),
    'a token for somebody else': () =>
      signedToken(header, { ...goodClaims(), aud: 'elsewhere' }, pair),
  };

  test.each(Object.entries(wrong))(
    '[AU13] what is not so signed is refused: %s',
    async (_, make) => {
      await expect(verify(make())).rejects.toMatchObject({
        code: 'unauthorized',
        message: new ParleyError('unauthorized').message,
      });
    },
  );
});

test('[AU61] A token of Ed25519 may call its algorithm by either name', async () => {
  const pair = testPair('EdDSA');
  await storeKey('either', parsePublicKey(pair.jwk));
  const token = signedToken({ alg: 'Ed25519', kid: 'either' }, goodClaims(), pair);
  await expect(verify(token)).resolves.toMatchObject({ user: 'alice' });
});

test('[AU13] A key with which anybody can sign would verify, were it not refused', async () => {
  // A point of order 1 as key: this signature fits any text.
  const identity = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
  const forged = Buffer.concat([identity, Buffer.alloc(32)]).toString('base64url');
  await storeKey('open', {
    algorithm: 'EdDSA',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: identity.toString('base64url') },
  });
  const token = `${base64url({ alg: 'EdDSA', kid: 'open' })}.${base64url(goodClaims())}.${forged}`;
  await expect(verify(token)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('[AU80] A minted token tells to the millisecond when it was issued', async () => {
  const at = now + 123;
  const minted = await mintToken(keys, { tenant: 'acme', user: 'bob', expiresIn: 1, now: at });
  expect(minted.expiresAt).toBe(at + 1_000);
  expect(await verifyToken(keys, minted.token, at)).toMatchObject({
    issuedAt: at,
    expiresAt: at + 1_000,
  });
});

test.each([0, 0.5, -1, Number.NaN, 30 * 86_400 + 1, 1e300])(
  '[AU12] A token of %d seconds is not minted',
  async (expiresIn) => {
    const asked = mintToken(keys, { tenant: 'acme', user: 'bob', expiresIn, now });
    await expect(asked).rejects.toMatchObject({ code: 'bad_request', field: 'expires_in' });
  },
);
