import { type CommandResult, limits } from '@parley/protocol';
import type { Context } from '../context.ts';
import { selectMembers, toMember } from './member-rows.ts';
import { requireMembership } from './membership.ts';

interface ListMembers {
  readonly conversation: string;
  readonly cursor?: string;
  readonly limit?: number;
}

/** Those who are in a conversation, in the order of their ids. Throws `not_found`. */
export async function listMembers(
  ctx: Context,
  input: ListMembers,
): Promise<CommandResult<'member.list'>> {
  const limit = input.limit ?? limits.page;
  const rows = await selectMembers(ctx.db.sql, ctx.scope.tenant, input.conversation)
    .where('member.left_at', 'is', null)
    // In the same statement: who joins after a removal is not told to the removed.
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('member as mine')
          .select('mine.user_id')
          .where('mine.tenant_id', '=', ctx.scope.tenant)
          .where('mine.conversation_id', '=', input.conversation)
          .where('mine.user_id', '=', ctx.scope.user)
          .where('mine.left_at', 'is', null),
      ),
    )
    .where('member.user_id', '>', input.cursor ?? '')
    .orderBy('member.user_id')
    .limit(limit + 1)
    .execute();
  if (rows.length === 0) await requireMembership(ctx, input.conversation);
  const page = rows.slice(0, limit);
  return {
    members: page.map(toMember),
    cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}
