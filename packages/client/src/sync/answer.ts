import type { ConversationChanges } from '@parley/protocol';

/** What one `sync` call says of the conversations that are known. */
export type KnownVersions = Readonly<
  Record<string, { readonly version: number; readonly last_seq: number }>
>;

/**
 * Gathers a conversation's changes over several answers, until they are complete.
 *
 * Only then may they be applied: each answer's head is newer than the rows that it carries.
 */
export class Gathered {
  readonly #parts = new Map<string, ConversationChanges>();

  /** Returns all changes once they are complete; until then, undefined. */
  take(changes: ConversationChanges): ConversationChanges | undefined {
    const before = this.#parts.get(changes.id);
    const joined = before === undefined || changes.reset ? changes : join(before, changes);
    if (changes.has_more) this.#parts.set(changes.id, joined);
    else this.#parts.delete(changes.id);
    return changes.has_more ? undefined : joined;
  }
}

function join(before: ConversationChanges, after: ConversationChanges): ConversationChanges {
  return {
    ...before,
    ...after,
    members: [...before.members, ...after.members],
    messages: [...before.messages, ...after.messages],
  };
}

/** From where to ask on, for those that have more to tell. */
export function knownAfter(
  known: KnownVersions,
  conversations: readonly ConversationChanges[],
): KnownVersions {
  const next: Record<string, { version: number; last_seq: number }> = {};
  for (const { id, messages, has_more } of conversations) {
    const from = known[id];
    if (!has_more || from === undefined) continue;
    let { version, last_seq } = from;
    for (const message of messages) {
      version = Math.max(version, message.version);
      last_seq = Math.max(last_seq, message.seq);
    }
    next[id] = { version, last_seq };
  }
  return next;
}
