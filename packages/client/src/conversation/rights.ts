import {
  type ConversationKind,
  type ConversationRow,
  effectiveRole,
  type MemberRole,
  reaches,
  type TenantRole,
} from '@parley/protocol';
import type { Me } from '../snapshots.ts';

/** What one does with a conversation beside talking. */
export type Act = 'rename' | 'add' | 'remove' | 'promote' | 'leave';

/** The role that an act needs; a direct conversation is its two people, for ever. */
const needed: Readonly<Record<Act, MemberRole>> = {
  rename: 'admin',
  add: 'admin',
  remove: 'admin',
  promote: 'owner',
  leave: 'member',
};

/** Whether I may do this in a conversation, to `user` where it is about somebody. The server decides. */
export function may(row: ConversationRow, me: Me, act: Act, user?: string): boolean {
  if (row.kind !== 'group') return false;
  if (act === 'leave') return true;
  if (me.role === 'guest') return false;
  if ((act === 'rename' || act === 'add') && me.members_may.includes(act)) return true;
  if (!reaches(row.my_role, needed[act])) return false;
  if (user === undefined) return true;
  if (act === 'remove') return user !== me.id && isBelow(row, user);
  return act !== 'promote' || !isLastOwner(row, user);
}

/** Nobody is above their own role: an admin removes plain members. */
function isBelow({ my_role, members }: ConversationRow, user: string): boolean {
  const theirs = members.find(({ id }) => id === user)?.role ?? 'member';
  return my_role === 'owner' || theirs === 'member';
}

/** A group keeps an owner. In a large one there may be others, whom I do not know. */
function isLastOwner({ members, member_count }: ConversationRow, user: string): boolean {
  const owners = members.filter(({ role }) => role === 'owner');
  return members.length === member_count && owners.length === 1 && owners[0]?.id === user;
}

/** What a role given in a conversation means for me. */
export function ranked(
  kind: ConversationKind,
  role: MemberRole,
  tenantRole: TenantRole,
): MemberRole {
  return kind === 'direct' ? 'member' : effectiveRole(role, tenantRole);
}
