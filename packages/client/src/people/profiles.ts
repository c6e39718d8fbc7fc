import type { ConversationRow, User } from '@parley/protocol';
import { withUser } from '../conversation/members.ts';

/**
 * The newest name and picture of everybody who was told of.
 *
 * One person stands in many rows, and rows are read at one time and arrive at another: of two
 * tellings the one that changed later holds, whichever came last.
 */
export class Profiles {
  readonly #newest = new Map<string, User>();

  /** Notes a telling. Returns whether the person looks different from before. */
  take({ id, name, avatar_url, updated_at }: User): boolean {
    const before = this.#newest.get(id);
    if (before !== undefined && before.updated_at > updated_at) return false;
    this.#newest.set(id, { id, name, avatar_url, updated_at });
    return before !== undefined && (before.name !== name || before.avatar_url !== avatar_url);
  }

  /** A row with the newest of its members; the same object when it has them. */
  over(row: ConversationRow): ConversationRow {
    let named = row;
    for (const { id, updated_at } of row.members) {
      const newest = this.#newest.get(id);
      if (newest !== undefined && newest.updated_at > updated_at) named = withUser(named, newest);
    }
    return named;
  }
}
