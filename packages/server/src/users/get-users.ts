import type { User } from '@parley/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { inDirectory } from './directory.ts';
import { profileStamp } from './profile-stamp.ts';

/**
 * These people, as far as the tenant's directory shows them; me always.
 *
 * In the order asked for; unknown, foreign and hidden ids are alike absent. People deactivated
 * since are there, because what they wrote still is.
 */
export async function getUsers(
  ctx: Context,
  input: { readonly users: readonly string[] },
): Promise<{ users: User[] }> {
  const wanted = [...new Set(input.users)];
  const { rows } = await sql<User>`
    select app_user.id, app_user.name, app_user.avatar_url, ${profileStamp} as updated_at
    from unnest(${wanted}::text[]) with ordinality as wanted (id, n)
    join app_user on app_user.tenant_id = ${ctx.scope.tenant} and app_user.id = wanted.id
    where app_user.id = ${ctx.scope.user} or ${inDirectory(ctx.scope)}
    order by wanted.n`.execute(ctx.db.sql);
  return { users: [...rows] };
}
