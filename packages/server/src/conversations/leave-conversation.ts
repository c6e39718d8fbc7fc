import type { Context } from '../context.ts';
import { endMembership } from '../members/end-membership.ts';

/** Leaves a group. Throws `not_found`, or `not_allowed` for a direct conversation. */
export function leaveConversation(
  ctx: Context,
  input: { readonly conversation: string },
): Promise<{ version: number }> {
  return endMembership(ctx, input.conversation, ctx.scope.user);
}
