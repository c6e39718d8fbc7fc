import { ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';

/** What membership grants: the conversation's messages from `joinedSeq` on. */
export interface Membership {
  readonly joinedSeq: number;
  readonly role: 'owner' | 'admin' | 'member';
}

/**
 * The acting person's own membership: the one way into a conversation.
 *
 * Throws `not_found` alike for what does not exist, was left, or belongs to others.
 */
export async function ownMembership(ctx: Context, conversation: string): Promise<Membership> {
  const row = await ctx.db.sql
    .selectFrom('member')
    .select(['joined_seq', 'role'])
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('conversation_id', '=', conversation)
    .where('user_id', '=', ctx.scope.user)
    .where('left_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw new ParleyError('not_found');
  return { joinedSeq: row.joined_seq, role: row.role };
}
