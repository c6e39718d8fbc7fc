import { handOnGroups } from '../members/hand-on-groups.ts';
import { type EndAccess, type EndAccessParts, endAccess } from './end-access.ts';

/**
 * Shuts a person out: no token lets them in until the host product puts them back.
 *
 * What they wrote stays, and so do their places in conversations; groups of which they are the only
 * owner get another. Again is the same; see `endAccess`.
 */
export async function deactivateUser(parts: EndAccessParts, input: EndAccess): Promise<void> {
  await endAccess(parts, 'deactivated', input);
  const { tenant, user, actor } = input;
  await handOnGroups(parts, { tenant, users: [user], actor });
}
