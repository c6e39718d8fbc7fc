import { limits } from '@parley/protocol';
import type { ConversationChange } from '../bus/bus.ts';

interface LiveConversationOptions {
  /** What this node has delivered so far. */
  readonly version: number;
  readonly lastSeq: number;
  /** Gets each change once, in version order. */
  readonly deliver: (change: ConversationChange) => void;
  /** Reads from the database what follows a version; see `readGap`. */
  readonly readGap: (version: number, lastSeq: number) => Promise<readonly ConversationChange[]>;
  readonly onError: (error: unknown) => void;
}

/** More early changes than this are not kept: the database has them. */
const heldChanges = 500;
const retryMs = 1_000;

/**
 * Puts one conversation's changes in order on this node.
 *
 * The bus may lose, repeat and reorder. A change that arrives early is held for a moment; then the
 * hole before it is read from the database. So what is delivered has no gap and no repetition.
 */
export class LiveConversation {
  readonly #options: LiveConversationOptions;
  #version: number;
  #lastSeq: number;
  /** The newest version known to exist. */
  #target = 0;
  #held: ConversationChange[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #closed = false;

  constructor(options: LiveConversationOptions) {
    this.#options = options;
    this.#version = options.version;
    this.#lastSeq = options.lastSeq;
  }

  /** The newest version that was delivered here. */
  get version(): number {
    return this.#version;
  }

  take(changes: readonly ConversationChange[]): void {
    for (const change of changes) {
      if (change.version <= this.#version) continue;
      if (change.prev <= this.#version) this.#deliver(change);
      else this.#hold(change);
    }
    this.#deliverHeld();
    if (this.#isBehind()) this.#schedule(limits.reorderMs);
  }

  /** The database is at this version: what is missing here was lost on the way. */
  catchUp(version: number): void {
    this.#target = Math.max(this.#target, version);
    if (this.#isBehind()) this.#schedule(limits.reorderMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #deliver(change: ConversationChange): void {
    this.#version = change.version;
    if (change.seq !== undefined) this.#lastSeq = Math.max(this.#lastSeq, change.seq);
    this.#options.deliver(change);
  }

  #isBehind(): boolean {
    return this.#version < this.#target;
  }

  #hold(change: ConversationChange): void {
    this.#target = Math.max(this.#target, change.version);
    if (this.#held.length < heldChanges) this.#held.push(change);
  }

  #deliverHeld(): void {
    if (this.#held.length === 0) return;
    const held = this.#held.sort((a, b) => a.version - b.version);
    this.#held = [];
    for (const change of held) {
      if (change.version <= this.#version) continue;
      if (change.prev <= this.#version) this.#deliver(change);
      else this.#hold(change);
    }
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined || this.#reading || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isBehind()) return;
      this.#fill().catch((error: unknown) => {
        // At the end of the server, when the database is closed before those who ask it.
        if (this.#closed) return;
        this.#reading = false;
        this.#options.onError(error);
        this.#schedule(retryMs);
      });
    }, ms);
    this.#timer.unref();
  }

  async #fill(): Promise<void> {
    this.#reading = true;
    let target: number;
    let changes: readonly ConversationChange[];
    do {
      target = this.#target;
      changes = await this.#options.readGap(this.#version, this.#lastSeq);
      if (this.#closed) return;
      this.take(changes);
    } while (this.#isBehind() && changes.length > 0);
    this.#reading = false;
    if (!this.#isBehind()) return;
    // What came early during the read gets its moment; what the database does not know needs longer.
    this.#schedule(this.#target > target ? limits.reorderMs : retryMs);
  }
}
