import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../scope.ts';

/**
 * The tenant's answer to whom a person may find: `all` (default), `shared` or `none`.
 *
 * For use in a statement that filters on the same tenant.
 */
export function directoryOf(scope: Scope): RawBuilder<string> {
  return sql<string>`(
    select coalesce(tenant.settings ->> 'directory', 'all') from tenant where tenant.id = ${scope.tenant}
  )`;
}

/** Whether the row's person (`app_user.id`) is in a conversation with the acting person now. */
export function sharesConversation(scope: Scope): RawBuilder<boolean> {
  return sql<boolean>`exists (
    select from member as mine
    join member as theirs on theirs.tenant_id = mine.tenant_id
      and theirs.conversation_id = mine.conversation_id
      and theirs.user_id = app_user.id and theirs.left_at is null
    where mine.tenant_id = ${scope.tenant} and mine.user_id = ${scope.user}
      and mine.left_at is null
  )`;
}

/** Whether the directory shows the row's person (`app_user.id`) to the acting person. */
export function inDirectory(scope: Scope): RawBuilder<boolean> {
  return sql<boolean>`case ${directoryOf(scope)}
    when 'all' then true
    when 'shared' then ${sharesConversation(scope)}
    else false
  end`;
}
