import { type CommandResult, limits, type User } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import type { Scope } from '../scope.ts';
import { profileStamp } from '../users/profile-stamp.ts';

interface ListBlocked {
  readonly cursor?: string;
  readonly limit?: number;
}

/** Those whom the acting person blocks, in the order of their ids; the deactivated among them. */
export async function listBlocked(
  ctx: Context,
  input: ListBlocked,
): Promise<CommandResult<'block.list'>> {
  const limit = input.limit ?? limits.page;
  const { rows } = await sql<User>`
    select app_user.id, app_user.name, app_user.avatar_url, ${profileStamp} as updated_at
    from block
    join app_user on app_user.tenant_id = block.tenant_id and app_user.id = block.blocked_id
    where block.tenant_id = ${ctx.scope.tenant} and block.blocker_id = ${ctx.scope.user}
      and block.blocked_id > ${input.cursor ?? ''}
    order by block.blocked_id
    limit ${limit + 1}`.execute(ctx.db.sql);
  const users = rows.slice(0, limit);
  return { users, cursor: rows.length > limit ? (users.at(-1)?.id ?? null) : null };
}

/** The ids of all whom the acting person blocks, in their order. */
export async function readBlocked(db: Kysely<Tables>, scope: Scope): Promise<string[]> {
  const rows = await db
    .selectFrom('block')
    .select('blocked_id')
    .where('tenant_id', '=', scope.tenant)
    .where('blocker_id', '=', scope.user)
    .orderBy('blocked_id')
    .execute();
  return rows.map((row) => row.blocked_id);
}
