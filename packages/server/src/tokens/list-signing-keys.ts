import { limits } from '@parley/protocol';
import { badCursor, type Page } from '../page.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { isKid } from './kid.ts';
import {
  type SigningKeyRecord,
  signingKeyColumns,
  signingKeyRecord,
} from './signing-key-record.ts';

/** The tenant's signing keys in the order of their ids; the cursor is the last id. */
export async function listSigningKeys(
  { tenant, db }: TenantContext,
  { cursor, limit = limits.page }: Page,
): Promise<{ signing_keys: SigningKeyRecord[]; cursor: string | null }> {
  if (cursor !== undefined && !isKid(cursor)) throw badCursor();
  const rows = await db.sql
    .selectFrom('signing_key')
    .select(signingKeyColumns)
    .where('tenant_id', '=', tenant)
    .where('kid', '>', cursor ?? '')
    .orderBy('kid')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { signing_keys: page.map(signingKeyRecord), cursor: last?.kid ?? null };
}
