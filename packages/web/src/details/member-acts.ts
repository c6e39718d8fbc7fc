import type { ConversationHandle } from '@parley/client';
import type { Member } from '@parley/protocol';

/** What one person can do with another in a group. */
export type MemberAct =
  | 'makeAdmin'
  | 'unmakeAdmin'
  | 'makeOwner'
  | 'unmakeOwner'
  | 'remove'
  | 'block'
  | 'unblock'
  | 'stepDown';

/** What I can do with somebody else in this group, in the order of the menu. */
export function memberActs(
  { id, role }: Pick<Member, 'id' | 'role'>,
  blocked: boolean,
  handle: Pick<ConversationHandle, 'can'>,
): readonly MemberAct[] {
  const acts: MemberAct[] = [];
  if (handle.can('promote', id)) {
    if (role === 'member') acts.push('makeAdmin');
    if (role !== 'owner') acts.push('makeOwner');
    if (role === 'admin') acts.push('unmakeAdmin');
    if (role === 'owner') acts.push('unmakeOwner');
  }
  acts.push(blocked ? 'unblock' : 'block');
  if (handle.can('remove', id)) acts.push('remove');
  return acts;
}

/** What I can do with my own place in this group, beside leaving it. */
export function ownActs(
  { id, role }: Pick<Member, 'id' | 'role'>,
  handle: Pick<ConversationHandle, 'can'>,
): readonly MemberAct[] {
  return role === 'owner' && handle.can('promote', id) ? ['stepDown'] : [];
}
