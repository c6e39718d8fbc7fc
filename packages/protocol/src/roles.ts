import type { MemberRole, TenantRole } from './model.ts';

const rank: Readonly<Record<MemberRole, number>> = { member: 0, admin: 1, owner: 2 };

/** Whether one role is at least the other. */
export function reaches(role: MemberRole, needed: MemberRole): boolean {
  return rank[role] >= rank[needed];
}

/** What a person counts as in a group they are in: their role there, or more by their role in the tenant. */
export function effectiveRole(role: MemberRole, tenantRole: TenantRole): MemberRole {
  // A guest never has more than a place, whatever it was given.
  if (tenantRole === 'guest') return 'member';
  const given: MemberRole =
    tenantRole === 'admin' ? 'owner' : tenantRole === 'moderator' ? 'admin' : 'member';
  return reaches(role, given) ? role : given;
}
