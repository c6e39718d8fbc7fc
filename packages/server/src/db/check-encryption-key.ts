import { createHmac, timingSafeEqual } from 'node:crypto';
import { OperatorError } from '../operator-error.ts';
import type { Database } from './database.ts';

/**
 * Refuses an encryption key other than the one this database was filled with.
 *
 * With a wrong key every token would be refused, with no word about why. The database remembers the
 * first key's fingerprint, from which the key cannot be told.
 */
export async function checkEncryptionKey({ core: sql }: Database, key: Buffer): Promise<void> {
  const ours = keyFingerprint(key);
  await sql
    .updateTable('installation')
    .set({ key_fingerprint: ours })
    .where('key_fingerprint', 'is', null)
    .execute();
  const { key_fingerprint: theirs } = await sql
    .selectFrom('installation')
    .select('key_fingerprint')
    .executeTakeFirstOrThrow();
  if (theirs === null || !timingSafeEqual(ours, theirs)) {
    throw new OperatorError(
      'The secrets in this database were encrypted with another key. Set PARLEY_SECRET_KEY as it ' +
        'was when they were stored; if it never was set: with DATABASE_URL, set it to the first ' +
        'PARLEY_OPERATOR_KEY (or the content of the file operator-key in the data folder); with ' +
        'the embedded database, put the file secret-key back into the data folder.',
    );
  }
}

/** Names an encryption key, which cannot be told from it. */
export function keyFingerprint(key: Buffer): Buffer {
  return createHmac('sha256', key).update('parley key fingerprint').digest();
}
