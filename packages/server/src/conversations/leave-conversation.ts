import type { Context } from '../context.ts';
import { endMembership } from '../members/end-membership.ts';

/**
 * Leaves a group; the last owner hands it on. Throws `not_found`, or `not_allowed` for a direct one.
 */
export function leaveConversation(
  ctx: Context,
  input: { readonly conversation: string },
): Promise<{ version: number }> {
  const { conversation } = input;
  return endMembership(ctx, 'conversation.leave', { conversation, user: ctx.scope.user });
}
