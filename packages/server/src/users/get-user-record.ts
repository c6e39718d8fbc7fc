import { ParleyError } from '@parley/protocol';
import type { Database } from '../db/database.ts';
import { toUserRecord, type UserRecord } from './user-record.ts';

/** A person of a tenant, as the tenant's own server sees them. Throws `not_found`. */
export async function getUserRecord(
  { db }: { readonly db: Database },
  tenant: string,
  user: string,
): Promise<UserRecord> {
  const row = await db
    .of(tenant)
    .sql.selectFrom('app_user')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .where('id', '=', user)
    .executeTakeFirst();
  if (row === undefined) throw new ParleyError('not_found');
  return toUserRecord(row);
}
