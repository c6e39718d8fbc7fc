import type { User } from '@parley/protocol';
import { sql } from 'kysely';
import { blockersOf } from '../blocks/blocked-people.ts';
import type { Context } from '../context.ts';
import { myConversations, readReach, sharesConversation, within } from './directory.ts';
import { profileStamp } from './profile-stamp.ts';

/**
 * These people, as far as the tenant's directory shows them; me always.
 *
 * In the order asked for; unknown, foreign and hidden ids are alike absent. People deactivated
 * since are there, because what they wrote still is; who blocks me, where we share a conversation.
 */
export async function getUsers(
  ctx: Pick<Context, 'db' | 'scope'>,
  input: { readonly users: readonly string[] },
): Promise<{ users: User[] }> {
  const { reach } = await readReach(ctx.db.sql, ctx.scope);
  const wanted = [...new Set(input.users)];
  const { rows } = await sql<User>`
    with ${myConversations(ctx.scope)}
    select app_user.id, app_user.name, app_user.avatar_url, ${profileStamp} as updated_at
    from app_user
    where app_user.tenant_id = ${ctx.scope.tenant} and app_user.id = any(${wanted}::text[])
      and (
        app_user.id = ${ctx.scope.user}
        or (
          ${within(reach)}
          and (app_user.id not in ${blockersOf(ctx.scope)} or ${sharesConversation})
        )
      )
    order by array_position(${wanted}::text[], app_user.id)`.execute(ctx.db.sql);
  return { users: [...rows] };
}
