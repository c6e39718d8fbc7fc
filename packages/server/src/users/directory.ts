import type { TenantRole } from '@parley/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';
import { type Reach, reachOf } from '../policy/reach.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import type { Scope } from '../scope.ts';

/** What the acting person is in the tenant, and whom they may find, write to and add. */
export async function readReach(
  db: Kysely<Tables>,
  scope: Scope,
): Promise<{ readonly role: TenantRole; readonly reach: Reach }> {
  const row = await db
    .selectFrom('tenant')
    .innerJoin('app_user', 'app_user.tenant_id', 'tenant.id')
    .select(['app_user.role', 'tenant.settings'])
    .where('tenant.id', '=', scope.tenant)
    .where('app_user.id', '=', scope.user)
    .executeTakeFirst();
  // Nobody at all finds nobody.
  if (row === undefined) return { role: 'guest', reach: 'nobody' };
  const role = tenantRoleOf(row.role);
  return { role, reach: reachOf(role, row.settings.directory) };
}

/**
 * Whether somebody who reaches so far finds the row's person (`app_user.id`).
 *
 * For use in a statement on `app_user` that begins `with ${myConversations(scope)}`.
 */
export function within(reach: Reach): RawBuilder<boolean> {
  switch (reach) {
    case 'everybody':
      return sql<boolean>`true`;
    case 'shared':
      return sharesConversation;
    case 'nobody':
      return sql<boolean>`false`;
  }
}

/**
 * The conversations of the acting person, as `my_conversation`: read once for a statement.
 */
export function myConversations(scope: Scope): RawBuilder<unknown> {
  return sql`my_conversation as materialized (
    select member.conversation_id from member
    where member.user_id = ${scope.user} and member.tenant_id = ${scope.tenant}
      and member.left_at is null
  )`;
}

/**
 * Whether the row's person (`app_user.id`) is in one of `my_conversation` now.
 *
 * A scalar with a limit, which PostgreSQL asks row by row, through the person's own memberships. An
 * `exists` or `in` becomes a join that, without statistics or with large groups, begins with
 * everybody of all conversations: a hundred times slower for a few names.
 */
export const sharesConversation: RawBuilder<boolean> = sql<boolean>`coalesce((
  select true from member as theirs
  join my_conversation on my_conversation.conversation_id = theirs.conversation_id
  where theirs.user_id = app_user.id and theirs.tenant_id = app_user.tenant_id
    and theirs.left_at is null
  limit 1
), false)`;
