import { type EndAccess, type EndAccessParts, endAccess } from './end-access.ts';

/**
 * Kills every token of a person that was issued until now, and closes the sockets they opened.
 *
 * Newer tokens are good. Answers from when on; see `endAccess`.
 */
export function revokeUser(parts: EndAccessParts, input: EndAccess): Promise<Date> {
  return endAccess(parts, 'revoked', input);
}
