import { limits, type User } from '@parley/protocol';
import { sql } from 'kysely';
import { blockedBy, blockersOf } from '../blocks/blocked-people.ts';
import type { Context } from '../context.ts';
import { authorizePerson } from '../policy/authorize.ts';
import { myConversations, readReach, within } from './directory.ts';
import { profileStamp } from './profile-stamp.ts';

/**
 * People whose name or id contains the text, best first: what a people picker shows.
 *
 * Case does not count; beginnings come before beginnings of a later word, then the rest. An empty
 * text lists everybody whom the directory shows. Never me, nor the deactivated, nor whom I block or
 * who blocks me: nobody is shown whom one could not write to. Throws `not_allowed` for guests.
 */
export async function searchUsers(
  ctx: Pick<Context, 'db' | 'scope'>,
  input: { readonly text: string; readonly limit?: number },
): Promise<{ users: User[] }> {
  const { role, reach } = await readReach(ctx.db.sql, ctx.scope);
  authorizePerson('user.search', role);
  const text = escapePattern(input.text.trim());
  const contains = `%${text}%`;
  const begins = `${text}%`;
  const beginsWord = `% ${text}%`;
  // Ids are stored with collation "C", whose ilike knows only ASCII letters.
  const id = sql`(app_user.id collate "default")`;
  const { rows } = await sql<User>`
    with ${myConversations(ctx.scope)}
    select app_user.id, app_user.name, app_user.avatar_url, ${profileStamp} as updated_at
    from app_user
    where app_user.tenant_id = ${ctx.scope.tenant}
      and app_user.id <> ${ctx.scope.user} and app_user.deactivated_at is null
      and (app_user.name ilike ${contains} or ${id} ilike ${contains})
      and ${within(reach)}
      and app_user.id not in ${blockedBy(ctx.scope)}
      and app_user.id not in ${blockersOf(ctx.scope)}
    order by
      case
        when app_user.name ilike ${begins} or ${id} ilike ${begins} then 0
        when app_user.name ilike ${beginsWord} then 1
        else 2
      end,
      lower(app_user.name), app_user.id
    limit ${input.limit ?? limits.page}`.execute(ctx.db.sql);
  return { users: [...rows] };
}

// What is typed is text, never a pattern.
function escapePattern(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
