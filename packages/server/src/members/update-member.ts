import type { MemberRole } from '@parley/protocol';
import type { Context } from '../context.ts';
import { changeConversation } from '../conversations/change-conversation.ts';
import { authorizeRoleChange } from '../policy/role-change.ts';
import { changeRole } from './change-role.ts';
import { findHeir } from './find-heir.ts';
import { readRank } from './read-rank.ts';

interface UpdateMember {
  readonly conversation: string;
  readonly user: string;
  readonly role: MemberRole;
}

/**
 * Gives somebody of a group another role: owners do; the role that they have changes nothing.
 *
 * Throws `not_found` for whoever is not in the group, `not_allowed` for what `role-change.ts` refuses.
 */
export async function updateMember(
  ctx: Context,
  input: UpdateMember,
): Promise<{ version: number }> {
  const { conversation, user, role } = input;
  const { version } = await changeConversation(
    ctx,
    'member.update',
    conversation,
    async (change) => {
      const target = await readRank(ctx, change, user);
      if (target.role === role) return;
      // Under the lock: of two owners who demote each other the second finds itself no owner.
      const heir = await findHeir(ctx, change, user);
      authorizeRoleChange({
        target,
        role,
        oneself: user === ctx.scope.user,
        anotherOwner: heir?.role === 'owner',
      });
      await changeRole(ctx, change, { user, role });
    },
  );
  return { version };
}
