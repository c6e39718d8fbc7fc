import { sql } from 'kysely';
import type { Database } from '../db/database.ts';

/** Who of these people is in a conversation now, and the version at which each (last) joined. */
export async function readJoinedVersions(
  db: Database,
  room: { readonly tenant: string; readonly conversation: string },
  users: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .of(room.tenant)
    .sql.selectFrom('member')
    .select(['user_id', 'joined_version'])
    .where('tenant_id', '=', room.tenant)
    .where('conversation_id', '=', room.conversation)
    .where('user_id', '=', sql<string>`any(${users}::text[])`)
    .where('left_at', 'is', null)
    .execute();
  return new Map(rows.map((row) => [row.user_id, row.joined_version]));
}
