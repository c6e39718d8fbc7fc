import { sql } from 'kysely';
import { blockersOf } from '../blocks/blocked-people.ts';
import type { Context } from '../context.ts';
import { myConversations, readReach, sharesConversation, within } from './directory.ts';

/**
 * Those of these people whom the acting person may know about, such as whether they are online.
 *
 * Whomever the directory shows, whoever shares a conversation whatever it shows, and me always. Who
 * blocks the acting person is shown by a conversation only.
 */
export async function visibleUsers(
  ctx: Pick<Context, 'db' | 'scope'>,
  users: readonly string[],
): Promise<ReadonlySet<string>> {
  if (users.length === 0) return new Set();
  const { reach } = await readReach(ctx.db.sql, ctx.scope);
  const { rows } = await sql<{ id: string }>`
    with ${myConversations(ctx.scope)}
    select app_user.id from app_user
    where app_user.tenant_id = ${ctx.scope.tenant} and app_user.id = any(${users}::text[])
      and (
        app_user.id = ${ctx.scope.user}
        or (${within(reach)} and app_user.id not in ${blockersOf(ctx.scope)})
        or ${sharesConversation}
      )`.execute(ctx.db.sql);
  return new Set(rows.map((row) => row.id));
}
