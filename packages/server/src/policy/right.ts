import type { ConversationKind, MemberRole, TenantRole } from '@parley/protocol';

/** What an API key may be allowed to do; `all` is everything. */
export const apiKeyScopes = [
  'all',
  'users',
  'tokens',
  'conversations',
  'keys',
  'settings',
  'audit',
] as const;

export type ApiKeyScope = (typeof apiKeyScopes)[number];

/** What a tenant may open to plain members of its groups. */
export const openableActs = ['rename', 'add'] as const;

export type OpenedAct = (typeof openableActs)[number];

/** The place in a conversation that an act needs; whoever has none there gets `not_found`. */
export interface PlaceRight {
  readonly kinds: readonly ConversationKind[];
  /** At least this role in a group; in a direct conversation both people are equal. */
  readonly role: MemberRole;
  /** Members may too where the tenant has opened it to them. */
  readonly opened?: OpenedAct;
  /** Only to people of a lower role, unless one is an owner. */
  readonly upon?: 'lower';
}

/** What a person needs to be for an act. */
export interface PersonRight {
  readonly who: 'person';
  /** Whether guests may: those who only know the conversations they were put into. */
  readonly guests: boolean;
  /** Absent where the act is about no conversation. */
  readonly place?: PlaceRight;
}

/** Who may do something: one row of the policy table. */
export type Right =
  | { readonly who: 'anyone' }
  /** A scraper on the same machine, or the operator. */
  | { readonly who: 'local or operator' }
  | { readonly who: 'operator' }
  /** A tenant's own server, with a key of this scope, in its own tenant. */
  | { readonly who: 'key'; readonly scope: ApiKeyScope }
  /** As `key`; the operator may as well, in any tenant. */
  | { readonly who: 'key or operator'; readonly scope: ApiKeyScope }
  | PersonRight;

/** What somebody is in a conversation, read under its lock. */
export interface Rank {
  readonly role: MemberRole;
  readonly tenantRole: TenantRole;
}

/** Somebody who acts in a conversation, and what holds there. */
export interface Standing extends Rank {
  readonly kind: ConversationKind;
  /** What the tenant has opened to members. */
  readonly opened: readonly OpenedAct[];
}
