import type { TenantRole } from '@parley/protocol';

/** What a person's stored role means here: the host product's own words count as `member`. */
export function tenantRoleOf(stored: string): TenantRole {
  switch (stored) {
    case 'admin':
    case 'moderator':
    case 'guest':
      return stored;
    default:
      return 'member';
  }
}
