import { timingSafeEqual } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import type { Database } from '../db/database.ts';
import { hashSecret, parseApiKey } from './api-key.ts';

/** The tenant that an API key speaks for. Throws `unauthorized`. */
export async function authenticateApiKey(db: Database, text: string): Promise<{ tenant: string }> {
  const key = parseApiKey(text);
  if (key === undefined) throw new ParleyError('unauthorized');
  const row = await db.sql
    .selectFrom('api_key')
    .select('secret_hash')
    .where('tenant_id', '=', key.tenant)
    .where('id', '=', key.id)
    .executeTakeFirst();
  const given = hashSecret(key.secret);
  // Compared with itself when there is no such key: both answers take the same time.
  const equal = timingSafeEqual(row?.secret_hash ?? given, given);
  if (row === undefined || !equal) throw new ParleyError('unauthorized');
  return { tenant: key.tenant };
}
