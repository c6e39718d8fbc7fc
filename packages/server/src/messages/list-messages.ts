import { type CommandResult, limits } from '@parley/protocol';
import type { Context } from '../context.ts';
import { requireMembership } from '../members/membership.ts';
import { hiddenFrom } from './hidden-message.ts';
import { messageColumns, toMessage } from './message-row.ts';

interface ListMessages {
  readonly conversation: string;
  /** Exclusive; neither means the newest page. */
  readonly before?: number;
  readonly after?: number;
  readonly limit?: number;
}

/** A page of history, ascending; a member sees it from the joining on. Throws `not_found`. */
export async function listMessages(
  ctx: Context,
  input: ListMessages,
): Promise<CommandResult<'message.list'>> {
  const { before, after, limit = limits.page } = input;
  // One statement for membership and messages: what is committed after a removal is not in it.
  const rows = await ctx.db.sql
    .selectFrom('message')
    .innerJoin('member', (join) =>
      join
        .onRef('member.tenant_id', '=', 'message.tenant_id')
        .onRef('member.conversation_id', '=', 'message.conversation_id')
        .on('member.user_id', '=', ctx.scope.user)
        .on('member.left_at', 'is', null),
    )
    .select(messageColumns)
    .select(hiddenFrom(ctx.scope).as('hidden'))
    .where('message.tenant_id', '=', ctx.scope.tenant)
    .where('message.conversation_id', '=', input.conversation)
    .whereRef('message.seq', '>=', 'member.joined_seq')
    .$if(before !== undefined, (query) => query.where('message.seq', '<', before ?? 0))
    .$if(after !== undefined, (query) => query.where('message.seq', '>', after ?? 0))
    .orderBy('message.seq', after === undefined ? 'desc' : 'asc')
    // One more than asked for tells whether there is more.
    .limit(limit + 1)
    .execute();
  if (rows.length === 0) await requireMembership(ctx, input.conversation);
  const page = rows.slice(0, limit);
  if (after === undefined) page.reverse();
  return { messages: page.map(toMessage), has_more: rows.length > limit };
}
