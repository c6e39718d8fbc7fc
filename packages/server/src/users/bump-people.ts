import { type Kysely, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';

/**
 * Takes the next personal version (`me`) of each of these people; who does not exist is absent.
 *
 * Rows are locked in the order of ids, so that two transactions with the same people cannot wait for
 * each other. Take the lock of a conversation before, never after.
 */
export async function bumpPeople(
  db: Kysely<Tables>,
  tenant: string,
  users: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; version: number }>`
    with locked as (
      select id from app_user
      where tenant_id = ${tenant} and id = any(${users}::text[]) and deactivated_at is null
      order by id for no key update
    )
    update app_user set version = version + 1
    from locked where app_user.tenant_id = ${tenant} and app_user.id = locked.id
    returning app_user.id, app_user.version`.execute(db);
  return new Map(rows.map((row) => [row.id, row.version]));
}
