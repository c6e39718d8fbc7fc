import type { Scope } from '../../scope.ts';

/** Names a person among all tenants. A tenant id has no colon, so no two people share a key. */
export function personKey({ tenant, user }: Scope): string {
  return `${tenant}:${user}`;
}

/** Whom a key names. */
export function personOf(key: string): Scope {
  const colon = key.indexOf(':');
  return { tenant: key.slice(0, colon), user: key.slice(colon + 1) };
}
