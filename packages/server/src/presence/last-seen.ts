import { sql } from 'kysely';
import type { Database } from '../db/database.ts';

/** Somebody who went offline. */
export interface Gone {
  readonly user: string;
  /** How long ago, in milliseconds. */
  readonly agoMs: number;
}

/**
 * Writes when these people of a tenant were seen last, by the database's clock; answers what holds now.
 *
 * The time never goes back: several nodes may find the same dead one.
 */
export async function writeLastSeen(
  db: Database,
  tenant: string,
  gone: readonly Gone[],
): Promise<ReadonlyMap<string, Date>> {
  // In the order of ids, as everybody locks people.
  const { rows } = await sql<{ id: string; last_seen_at: Date }>`
    with locked as (
      select app_user.id, gone.ago_ms
      from unnest(${gone.map((one) => one.user)}::text[],
        ${gone.map((one) => one.agoMs)}::float8[]) as gone (id, ago_ms)
      join app_user on app_user.tenant_id = ${tenant} and app_user.id = gone.id
      order by app_user.id for no key update of app_user
    )
    update app_user set last_seen_at = greatest(last_seen_at,
      clock_timestamp() - locked.ago_ms * interval '1 millisecond')
    from locked
    where app_user.tenant_id = ${tenant} and app_user.id = locked.id
    returning app_user.id, app_user.last_seen_at`.execute(db.of(tenant).sql);
  return new Map(rows.map((row) => [row.id, row.last_seen_at]));
}
