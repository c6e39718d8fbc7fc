import type { PersonalEvent, SyncResult } from '@parley/protocol';
import { compareIds } from '../conversation/members.ts';
import type { BlockedSnapshot } from '../snapshots.ts';
import type { Cell } from '../store.ts';

type BlockEvent = Extract<PersonalEvent, { readonly event: 'block.updated' }>;

/** Whom I block: told whole by `sync`, one by one by events; the personal version says which is newer. */
export class Blocks {
  readonly #shown: Cell<BlockedSnapshot>;
  readonly #changed: () => void;
  /** What has been read since is as of this personal version or later, unless another is told. */
  #version: number | undefined;
  /** Told by events, and not yet by `sync`. */
  readonly #news = new Map<string, BlockEvent>();

  constructor(shown: Cell<BlockedSnapshot>, changed: () => void) {
    this.#shown = shown;
    this.#changed = changed;
  }

  /** A connection begins; of the first one in a history nothing was read before. */
  begin(me: number): void {
    this.#version ??= me;
  }

  /** An event whose number was new. */
  told(event: BlockEvent): void {
    this.#news.set(event.user, event);
    // Until `sync` has told the others, this one is but noted.
    const before = this.#shown.value;
    if (before !== null) {
      const others = before.filter((id) => id !== event.user);
      this.#show(event.blocked ? [...others, event.user] : others);
    }
    this.#turn(event.me);
  }

  /** `sync` has told all of them. Who was blocked and unblocked meanwhile is a change as well. */
  synced({ blocked, blocked_version }: Pick<SyncResult, 'blocked' | 'blocked_version'>): void {
    const now = new Set(blocked);
    for (const [user, event] of this.#news) {
      if (event.me <= blocked_version) this.#news.delete(user);
      else if (event.blocked) now.add(user);
      else now.delete(user);
    }
    this.#show([...now]);
    this.#turn(blocked_version);
  }

  /** Another history began: its numbers say nothing of those before. */
  restart(): void {
    this.#news.clear();
    this.#version = undefined;
  }

  #turn(version: number): void {
    if (version <= (this.#version ?? -1)) return;
    this.#version = version;
    this.#changed();
  }

  #show(blocked: string[]): void {
    const before = this.#shown.value;
    blocked.sort(compareIds);
    const isSame = before?.length === blocked.length && before.every((id, i) => id === blocked[i]);
    if (!isSame) this.#shown.set(blocked);
  }
}
