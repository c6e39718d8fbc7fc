import { ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';

/**
 * Refuses unless the acting person is in a conversation: where a statement answered nothing.
 *
 * Throws `not_found` alike for what does not exist, was left, or belongs to others.
 */
export async function requireMembership(ctx: Context, conversation: string): Promise<void> {
  const row = await ctx.db.sql
    .selectFrom('member')
    .select('user_id')
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('conversation_id', '=', conversation)
    .where('user_id', '=', ctx.scope.user)
    .where('left_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw new ParleyError('not_found');
}
