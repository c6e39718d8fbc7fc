/** Who did something that the audit log keeps. */
export type Actor =
  | { readonly kind: 'operator' }
  /** A tenant's own server; the id of its API key. */
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'person'; readonly id: string }
  /** The server itself, such as when a source of keys no longer lists one. */
  | { readonly kind: 'system' };
