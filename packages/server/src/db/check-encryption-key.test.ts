import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkEncryptionKey } from './check-encryption-key.ts';
import { createTestDatabase } from './testing/test-database.ts';

test('[CF9] The first encryption key is remembered, and another is refused', async () => {
  await using fixture = await createTestDatabase();
  const key = randomBytes(32);
  await checkEncryptionKey(fixture.db, key);
  await checkEncryptionKey(fixture.db, key);
  await expect(checkEncryptionKey(fixture.db, randomBytes(32))).rejects.toThrow(
    /encrypted with another key.*PARLEY_SECRET_KEY/,
  );
});

test('[CF9] Of servers that start at once with different keys exactly one is let in', async () => {
  await using fixture = await createTestDatabase();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => checkEncryptionKey(fixture.db, randomBytes(32))),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
