import { limits } from '@parley/protocol';
import { badCursor, type Page } from '../page.ts';
import { isRandomId } from '../tokens/random-id.ts';
import { type ApiKeyRecord, apiKeyColumns, apiKeyRecord } from './api-key-record.ts';
import type { TenantContext } from './tenant-context.ts';

/** The tenant's API keys in the order of their ids, expired ones too; the cursor is the last id. */
export async function listApiKeys(
  { tenant, db }: TenantContext,
  { cursor, limit = limits.page }: Page,
): Promise<{ api_keys: ApiKeyRecord[]; cursor: string | null }> {
  if (cursor !== undefined && !isRandomId(cursor)) throw badCursor();
  const rows = await db.sql
    .selectFrom('api_key')
    .select(apiKeyColumns)
    .where('tenant_id', '=', tenant)
    .where('id', '>', cursor ?? '')
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { api_keys: page.map(apiKeyRecord), cursor: last?.id ?? null };
}
