/** The path prefix of PUBLIC_URL without its last slash: `/chat`, or empty. */
export function prefixOf(publicUrl: URL | undefined): string {
  return publicUrl === undefined ? '' : publicUrl.pathname.replace(/\/+$/, '');
}

/**
 * A request's path without the prefix of PUBLIC_URL.
 *
 * Taken off when it is there and not missed when it is not, so that a proxy may pass the prefix on
 * or strip it.
 */
export function withoutPrefix(path: string, prefix: string): string {
  if (prefix === '') return path;
  if (path === prefix) return '/';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}
