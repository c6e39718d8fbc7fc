import type { Context } from '../context.ts';
import { endMembership } from './end-membership.ts';

interface RemoveMember {
  readonly conversation: string;
  readonly user: string;
}

/**
 * Removes somebody from a group: owners and admins may; removing oneself is leaving.
 *
 * Nothing that is committed after it ever reaches the removed. Throws `not_found`, `not_allowed`.
 */
export function removeMember(ctx: Context, input: RemoveMember): Promise<{ version: number }> {
  return endMembership(ctx, input.conversation, input.user);
}
