import { ParleyError } from '@parley/protocol';
import type { Actor } from '../audit/actor.ts';
import { upsertUsers } from './upsert-users.ts';
import type { UserProfile, UserRecord } from './user-record.ts';

/**
 * Makes or changes a person of a tenant, on behalf of the host product.
 *
 * As `upsertUsers`, with one.
 */
export async function upsertUser(
  parts: Parameters<typeof upsertUsers>[0],
  tenant: string,
  profile: UserProfile,
  actor?: Actor,
): Promise<UserRecord> {
  const [record] = await upsertUsers(parts, tenant, [profile], actor);
  if (record === undefined) throw new ParleyError('internal');
  return record;
}
