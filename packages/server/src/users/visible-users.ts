import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { directoryOf, sharesConversation } from './directory.ts';

/**
 * Those of these people whom the acting person may know about, such as whether they are online.
 *
 * The directory `all` shows everybody of the tenant; else whoever shares a conversation; me always.
 */
export async function visibleUsers(
  ctx: Context,
  users: readonly string[],
): Promise<ReadonlySet<string>> {
  if (users.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    select app_user.id from app_user
    where app_user.tenant_id = ${ctx.scope.tenant} and app_user.id = any(${users}::text[])
      and (
        app_user.id = ${ctx.scope.user}
        or ${directoryOf(ctx.scope)} = 'all'
        or ${sharesConversation(ctx.scope)}
      )`.execute(ctx.db.sql);
  return new Set(rows.map((row) => row.id));
}
