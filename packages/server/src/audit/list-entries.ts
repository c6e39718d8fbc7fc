import { isUuid, type JsonObject, limits } from '@parley/protocol';
import type { TenantDatabase } from '../db/database.ts';
import { badCursor, type Page } from '../page.ts';

/** One act as the audit log tells it. */
export interface AuditRecord {
  readonly id: string;
  readonly at: string;
  readonly actor: { readonly kind: 'operator' | 'key' | 'person' | 'system'; readonly id?: string };
  readonly action: string;
  readonly target: JsonObject;
}

/** The tenant's audit log, newest first; the cursor is the last entry's id. */
export async function listEntries(
  { tenant, db }: { readonly tenant: string; readonly db: TenantDatabase },
  { cursor, limit = limits.page }: Page,
): Promise<{ entries: AuditRecord[]; cursor: string | null }> {
  if (cursor !== undefined && !isUuid(cursor)) throw badCursor();
  const newest = db.sql
    .selectFrom('audit_entry')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .orderBy('id', 'desc')
    .limit(limit + 1);
  const rows = await (cursor === undefined ? newest : newest.where('id', '<', cursor)).execute();
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  const entries = page.map((row) => ({
    id: row.id,
    at: row.at.toISOString(),
    actor: {
      kind: row.actor_kind,
      ...(row.actor_id === null ? {} : { id: row.actor_id }),
    },
    action: row.action,
    target: row.target,
  }));
  return { entries, cursor: last?.id ?? null };
}
