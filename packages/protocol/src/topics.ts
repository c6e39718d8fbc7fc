/**
 * Names of what a node listens to. The tenant always comes first; a slug has no colon, so no two
 * tenants' topics can be the same, whatever an id holds.
 */
export type Topic = `${string}:${'conversation' | 'user' | 'presence' | 'access'}:${string}`;

/** Everything that happens in a conversation. */
export function conversationTopic(tenant: string, conversation: string): Topic {
  return `${tenant}:conversation:${conversation}`;
}

/** What concerns one person alone: being added, removed, settings. */
export function userTopic(tenant: string, user: string): Topic {
  return `${tenant}:user:${user}`;
}

/** One person's coming and going, for those who watch. */
export function presenceTopic(tenant: string, user: string): Topic {
  return `${tenant}:presence:${user}`;
}

/** Access that ends for many of a tenant at once: keys taken back, suspension. */
export function accessTopic(tenant: string): Topic {
  return `${tenant}:access:`;
}
