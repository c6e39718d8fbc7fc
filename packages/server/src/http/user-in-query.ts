const path = /^\/v1\/user(\/[a-z/]*)?$/;

/**
 * The path of a person whose id stands in the query: `/v1/user/tokens?id=..` is `/v1/users/../tokens`.
 *
 * Ids of one or two dots have no other way: whatever reads an address takes these, also when they are
 * percent-encoded, for steps through folders. `url` is the whole address, `found` its path.
 */
export function withUserOfQuery(found: string, url: string): string {
  const rest = path.exec(found);
  if (rest === null) return found;
  const id = /[?&]id=([^&#]+)/.exec(url)?.[1];
  if (id === undefined || !isReadable(id)) return found;
  return `/v1/users/${id.replaceAll('.', '%2E').replaceAll('+', '%20')}${rest[1] ?? ''}`;
}

function isReadable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return !text.includes('/');
  } catch {
    // Not percent-encoded UTF-8: it names nobody.
    return false;
  }
}
