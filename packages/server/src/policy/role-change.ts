import { type MemberRole, ParleyError, reaches } from '@parley/protocol';
import type { Rank } from './right.ts';

/** A role that an owner wants to give. */
export interface RoleChange {
  readonly target: Rank;
  readonly role: MemberRole;
  /** The acting person names themselves. */
  readonly oneself: boolean;
  /** Somebody else is an owner, too, and able to act as one. */
  readonly anotherOwner: boolean;
}

/** Refuses to give a role to whom it is not given. Throws `not_allowed`. */
export function authorizeRoleChange({ target, role, oneself, anotherOwner }: RoleChange): void {
  if (oneself && !reaches(target.role, role)) {
    throw new ParleyError('not_allowed', {
      message: 'Nobody raises their own role. Another owner of the group does that. Ask one.',
    });
  }
  if (target.tenantRole === 'guest' && role !== 'member') {
    throw new ParleyError('not_allowed', {
      message: 'A guest stays a member. Change its role in the tenant first.',
    });
  }
  const owns = target.role === 'owner' && target.tenantRole !== 'guest';
  if (owns && role !== 'owner' && !anotherOwner) {
    throw new ParleyError('not_allowed', {
      message: 'A group keeps an owner. Make somebody else owner first.',
    });
  }
}
