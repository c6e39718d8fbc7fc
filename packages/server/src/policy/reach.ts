import type { TenantRole } from '@parley/protocol';
import type { TenantSettings } from '../db/tables.ts';

/** Whom a person may find, write to and add: everybody, those who share a conversation, nobody. */
export type Reach = 'everybody' | 'shared' | 'nobody';

const byDirectory = { all: 'everybody', shared: 'shared', none: 'nobody' } as const;

/** How far a person reaches, by the tenant's directory and their role in the tenant. */
export function reachOf(role: TenantRole, directory: TenantSettings['directory']): Reach {
  switch (role) {
    case 'admin':
    case 'moderator':
      return 'everybody';
    case 'guest':
      return 'shared';
    case 'member':
      return byDirectory[directory ?? 'all'];
  }
}
