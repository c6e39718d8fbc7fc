import { type CommandResult, limits } from '@parley/protocol';
import type { Context } from '../context.ts';
import { ownMembership } from '../members/membership.ts';
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
  const { joinedSeq } = await ownMembership(ctx, input.conversation);
  const rows = await ctx.db.sql
    .selectFrom('message')
    .select(messageColumns)
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('conversation_id', '=', input.conversation)
    .where('seq', '>=', joinedSeq)
    .$if(before !== undefined, (query) => query.where('seq', '<', before ?? 0))
    .$if(after !== undefined, (query) => query.where('seq', '>', after ?? 0))
    .orderBy('seq', after === undefined ? 'desc' : 'asc')
    // One more than asked for tells whether there is more.
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  if (after === undefined) page.reverse();
  return { messages: page.map(toMessage), has_more: rows.length > limit };
}
