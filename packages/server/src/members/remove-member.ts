import type { Context } from '../context.ts';
import { leaveConversation } from '../conversations/leave-conversation.ts';
import { endMembership } from './end-membership.ts';

interface RemoveMember {
  readonly conversation: string;
  readonly user: string;
}

/**
 * Removes somebody of a lower role from a group, or anybody as an owner; oneself is leaving.
 *
 * Nothing that is committed after it ever reaches the removed. Throws `not_found`, `not_allowed`.
 */
export function removeMember(ctx: Context, input: RemoveMember): Promise<{ version: number }> {
  const { conversation, user } = input;
  if (user === ctx.scope.user) return leaveConversation(ctx, { conversation });
  return endMembership(ctx, 'member.remove', { conversation, user });
}
