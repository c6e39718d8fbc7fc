import { type ConversationRow, limits, ParleyError, type WireError } from '@parley/protocol';
import type { Requests } from '../line/requests.ts';
import type { ConversationListSnapshot } from '../snapshots.ts';
import type { Batch } from '../store.ts';
import type { Replica } from './replica.ts';

/** By then the server has told again whatever it had lost on the way to us. */
const repairedMs = 60_000;
/** How far back the list is read again after a cut, beyond the newest activity that was known. */
const overlapMs = 5 * 60_000;

/** Where a row stands in the list. */
type Place = Pick<ConversationRow, 'id' | 'last_activity_at'>;

interface ListParts {
  readonly now: () => number;
  readonly requests: Requests;
  readonly replica: Replica;
  readonly batch: Batch;
  changed(): void;
}

/** My conversations, newest activity first, as far as loaded; what moves up is always in it. */
export class List {
  readonly #parts: ListParts;
  #status: ConversationListSnapshot['status'] = 'loading';
  #error: WireError | undefined;
  #cursor: string | null = null;
  /** The last row that was loaded; all above it are known. Null: everything is. */
  #floor: Place | null = null;
  /** Where the floor was a moment ago: what rose above it then may not have been told yet. */
  #higherFloor: { readonly floor: Place; readonly until: number } | null = null;
  #loading: Promise<void> | null = null;
  /** What was known at the last cut, until what came after it has been read. */
  #cut: { readonly floor: Place; readonly newestMs: number } | null = null;
  #order: readonly string[] = [];

  constructor(parts: ListParts) {
    this.#parts = parts;
  }

  snapshot(): ConversationListSnapshot {
    const isReady = this.#status === 'ready';
    const conversations = isReady ? this.#rows() : [];
    this.#order = conversations.map(({ id }) => id);
    return {
      status: this.#status,
      conversations,
      hasMore: isReady && this.#floor !== null,
      loadingMore: isReady && this.#loading !== null,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** Online: loads the first page, unless it is there. */
  resume(): void {
    if (this.#status === 'loading' && this.#loading === null) void this.#loadFirst();
  }

  /** The line is lost: from now on, activity below the floor is missed. */
  cut(): void {
    if (this.#status !== 'ready') return;
    const floor = this.#recentFloor();
    if (floor === null) return;
    const [newest = floor] = this.#rows();
    // A new one each time: a refresh that was under way does not make up for this cut.
    this.#cut = {
      ...(this.#cut ?? { floor, newestMs: Date.parse(newest.last_activity_at) }),
    };
  }

  async reload(): Promise<void> {
    if (this.#status === 'ready') return;
    this.#status = 'loading';
    this.#error = undefined;
    this.#parts.changed();
    await (this.#loading ?? this.#loadFirst());
  }

  /** Loads the next page; one at a time, the same promise meanwhile. */
  async loadMore(): Promise<void> {
    if (this.#status === 'ready' && this.#floor !== null) await (this.#loading ?? this.#loadNext());
  }

  /**
   * Reads again what may have risen into the loaded part while there was no connection.
   *
   * Known conversations were brought up to date by `sync`; this finds those that were below the
   * floor then. `anew`: nothing that was known says where to stop.
   */
  async refresh(anew: boolean): Promise<void> {
    const cut = this.#cut;
    if (cut === null) return;
    const stopMs = anew ? 0 : cut.newestMs - overlapMs;
    let cursor: string | null = null;
    do {
      const { last, next } = await this.#readPage(cursor);
      if (last === undefined || compare(last, cut.floor) >= 0) break;
      if (Date.parse(last.last_activity_at) < stopMs) break;
      cursor = next;
    } while (cursor !== null);
    if (this.#cut === cut) this.#cut = null;
  }

  async #loadFirst(): Promise<void> {
    await this.#load(null, (error) => {
      this.#status = 'failed';
      this.#error = error.toWire();
    });
  }

  async #loadNext(): Promise<void> {
    await this.#load(this.#cursor, (error) => {
      throw error;
    });
  }

  async #load(cursor: string | null, failed: (error: ParleyError) => void): Promise<void> {
    const loading = this.#readPage(cursor).then(
      ({ last, next }) => {
        this.#status = 'ready';
        this.#cursor = next;
        this.#lower(next === null || last === undefined ? null : last);
      },
      (error) => {
        const known = error instanceof ParleyError ? error : new ParleyError('internal');
        // Only `disconnect` ends the insisting on what may yet succeed; `resume` goes on.
        if (!known.retryable) failed(known);
      },
    );
    this.#loading = loading;
    if (cursor !== null) this.#parts.changed();
    try {
      await loading;
    } finally {
      this.#loading = null;
      this.#parts.changed();
    }
  }

  #lower(floor: Place | null): void {
    const before = this.#recentFloor();
    if (before !== null) {
      this.#higherFloor = { floor: before, until: this.#parts.now() + repairedMs };
    }
    this.#floor = floor;
  }

  #recentFloor(): Place | null {
    const higher = this.#higherFloor;
    return higher !== null && this.#parts.now() < higher.until ? higher.floor : this.#floor;
  }

  async #readPage(
    cursor: string | null,
  ): Promise<{ readonly last: ConversationRow | undefined; readonly next: string | null }> {
    const { requests, replica, batch } = this.#parts;
    const reading = replica.begin();
    try {
      const input = { limit: limits.page, ...(cursor === null ? {} : { cursor }) };
      const page = await requests.insist('conversation.list', input);
      batch.run(() => {
        for (const row of page.conversations) replica.adopt(row, reading);
      });
      return { last: page.conversations.at(-1), next: page.cursor };
    } finally {
      replica.end(reading);
    }
  }

  /** From the last order, in which few rows have moved: sorting that is cheap. */
  #rows(): ConversationRow[] {
    const { replica } = this.#parts;
    const rows: ConversationRow[] = [];
    const seen = new Set(this.#order);
    for (const id of seen) {
      const known = replica.get(id);
      if (known !== undefined) rows.push(known.row);
    }
    for (const row of replica.rows()) if (!seen.has(row.id)) rows.push(row);
    const floor = this.#floor;
    const shown = floor === null ? rows : rows.filter((row) => compare(row, floor) <= 0);
    return shown.sort(compare);
  }
}

/** Newest activity first; then by id, as the server lists. */
function compare(a: Place, b: Place): number {
  if (a.last_activity_at !== b.last_activity_at) {
    return a.last_activity_at < b.last_activity_at ? 1 : -1;
  }
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}
