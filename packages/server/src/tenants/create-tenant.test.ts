import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { formatApiKey, newApiKey, parseApiKey } from './api-key.ts';
import { ApiKeys } from './api-keys.ts';
import { createTenant } from './create-tenant.ts';

let database: TestDatabase;
let keys: SigningKeys;
let apiKeys: ApiKeys;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  keys = new SigningKeys({ db, secretKey: randomBytes(32), now: Date.now });
  apiKeys = new ApiKeys({ db, now: Date.now, onError: () => {} });
});

afterAll(async () => {
  await apiKeys.close();
  await database.drop();
});

test('[AU20] A new tenant gets an API key that authenticates it, and a secret', async () => {
  const { db } = database;
  const made = await createTenant({ db, keys }, { id: 'acme', name: 'Acme' });
  expect(made.api_key).toMatch(/^pak_acme_[a-z2-7]{12}_[\w-]{43}$/);
  expect(Buffer.from(made.signing_secret, 'base64url')).toHaveLength(32);
  expect(await apiKeys.admit(made.api_key, 'users')).toMatchObject({ tenant: 'acme' });
});

test('[AU20] Neither secret is stored readable', async () => {
  const { db } = database;
  const made = await createTenant({ db, keys }, { id: 'sealed', name: 'Sealed' });
  const secret = parseApiKey(made.api_key)?.secret ?? '';
  const apiKey = await database.sql
    .selectFrom('api_key')
    .selectAll()
    .where('tenant_id', '=', 'sealed')
    .executeTakeFirstOrThrow();
  expect(apiKey.secret_hash).toEqual(createHash('sha256').update(secret).digest());
  const signing = await database.sql
    .selectFrom('signing_key')
    .selectAll()
    .where('tenant_id', '=', 'sealed')
    .executeTakeFirstOrThrow();
  expect(signing.secret?.includes(made.signing_secret)).toBe(false);
  expect(signing.secret?.includes(Buffer.from(made.signing_secret, 'base64url'))).toBe(false);
});

test('[AU20] An id that is taken is refused and changes nothing', async () => {
  const { db } = database;
  const made = await createTenant({ db, keys }, { id: 'taken', name: 'First' });
  await expect(createTenant({ db, keys }, { id: 'taken', name: 'Second' })).rejects.toMatchObject({
    code: 'already_exists',
    field: 'id',
  });
  expect(await apiKeys.admit(made.api_key, 'users')).toMatchObject({ tenant: 'taken' });
  const rows = await database.sql
    .selectFrom('api_key')
    .select('id')
    .where('tenant_id', '=', 'taken')
    .execute();
  expect(rows).toHaveLength(1);
});

test('[AU20] Of two that ask for one id at once, one gets it', async () => {
  const { db } = database;
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, () => createTenant({ db, keys }, { id: 'race', name: 'Race' })),
  );
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

test('[AU21] A key that is not exactly the one made is refused', async () => {
  const { db } = database;
  const one = await createTenant({ db, keys }, { id: 'one', name: 'One' });
  const two = await createTenant({ db, keys }, { id: 'two', name: 'Two' });
  const real = parseApiKey(one.api_key);
  const other = parseApiKey(two.api_key);
  if (real === undefined || other === undefined) throw new Error('The keys have another form.');
  const wrong = [
    formatApiKey({ ...real, secret: newApiKey('one').secret }),
    formatApiKey({ ...real, id: other.id }),
    formatApiKey({ ...real, tenant: 'two' }),
    formatApiKey({ ...other, tenant: 'one' }),
    formatApiKey(newApiKey('one')),
    formatApiKey(newApiKey('nobody')),
    one.api_key.slice(0, -1),
    `${one.api_key}A`,
    `${one.api_key}\n`,
    one.api_key.toUpperCase(),
    one.api_key.replace('pak_', 'pk_'),
    one.signing_secret,
    '',
    'pak___',
  ];
  for (const key of wrong) {
    await expect(apiKeys.admit(key, 'users')).rejects.toMatchObject({ code: 'unauthorized' });
  }
});
