import { limits, ParleyError, type WireError } from '@parley/protocol';
import type { Replica } from '../conversations/replica.ts';
import type { RowReader } from '../conversations/row-reader.ts';
import type { Requests } from '../line/requests.ts';
import {
  loadingTimeline,
  readingOlder,
  trimmed,
  withNewestPage,
  withOlderPage,
} from './timeline.ts';

/** Timelines of closed conversations that stay, so that going back to one shows it at once. */
const keptTimelines = 30;

interface PagesParts {
  readonly requests: Requests;
  readonly replica: Replica;
  readonly rows: RowReader;
  changed(conversation: string): void;
}

/** Reads the history of opened conversations: the newest page first, older ones when asked. */
export class Pages {
  readonly #parts: PagesParts;
  readonly #open = new Map<string, number>();
  /** Closed ones whose timeline is kept, longest closed first. */
  readonly #closed = new Set<string>();
  readonly #loading = new Set<string>();
  readonly #older = new Map<string, Promise<void>>();
  readonly #errors = new Map<string, WireError>();

  constructor(parts: PagesParts) {
    this.#parts = parts;
  }

  isLoadingOlder(id: string): boolean {
    return this.#older.has(id);
  }

  error(id: string): WireError | undefined {
    return this.#errors.get(id);
  }

  open(id: string): () => void {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
    this.#closed.delete(id);
    this.#errors.delete(id);
    this.ensure(id);
    let isOpen = true;
    return () => {
      if (isOpen) this.#close(id);
      isOpen = false;
    };
  }

  /** Sees to it that an opened conversation has its newest page, or is getting it. */
  ensure(id: string): void {
    if (!this.#open.has(id) || this.#loading.has(id) || this.#errors.has(id)) return;
    const known = this.#parts.replica.get(id);
    if (known !== undefined && known.timeline !== null) return;
    this.#loading.add(id);
    void this.#load(id).then(
      () => this.#loaded(id),
      (error) => this.#failed(id, error),
    );
  }

  /** Online again: goes on with whatever a `disconnect` had interrupted. */
  resume(): void {
    for (const id of this.#open.keys()) this.ensure(id);
  }

  /** Reads the page before the oldest message; one at a time, the same promise meanwhile. */
  older(id: string): Promise<void> {
    const loading = this.#older.get(id);
    if (loading !== undefined) return loading;
    const timeline = this.#parts.replica.get(id)?.timeline;
    if (!timeline?.ready || !timeline.hasOlder) return Promise.resolve();
    const older = this.#loadOlder(id).finally(() => {
      this.#older.delete(id);
      this.#parts.changed(id);
    });
    this.#older.set(id, older);
    this.#parts.changed(id);
    return older;
  }

  async #load(id: string): Promise<void> {
    const { replica, requests, rows } = this.#parts;
    // The row first: the page is read later and holds at least what the row knows of.
    while (replica.get(id) === undefined && !(await rows.read(id)));
    const known = replica.get(id);
    if (known === undefined || known.timeline !== null) return;
    replica.setTimeline(known, loadingTimeline);
    const page = await requests.insist('message.list', { conversation: id, limit: limits.page });
    const timeline = known.timeline ?? loadingTimeline;
    replica.setTimeline(known, withNewestPage(timeline, page.messages, page.has_more));
  }

  #loaded(id: string): void {
    this.#loading.delete(id);
    const known = this.#parts.replica.get(id);
    // It began anew meanwhile, or what came did not join.
    if (known !== undefined && known.timeline === null) this.ensure(id);
  }

  #failed(id: string, error: unknown): void {
    const { replica } = this.#parts;
    this.#loading.delete(id);
    replica.dropTimeline(id);
    const known = error instanceof ParleyError ? error : new ParleyError('internal');
    // Only `disconnect` ends the insisting on what may yet succeed; `resume` goes on.
    if (known.retryable) return;
    // The row tells for certain; `changed` follows from it.
    if (known.code === 'not_found') this.#parts.rows.want(id);
    else this.#errors.set(id, known.toWire());
    this.#parts.changed(id);
  }

  async #loadOlder(id: string): Promise<void> {
    const { replica, requests } = this.#parts;
    const known = replica.get(id);
    const first = known?.timeline?.messages[0];
    if (known === undefined || known.timeline === null || first === undefined) return;
    replica.setTimeline(known, readingOlder(known.timeline));
    const input = { conversation: id, before: first.seq, limit: limits.page };
    const page = await requests.insist('message.list', input);
    if (known.timeline === null) return;
    replica.setTimeline(known, withOlderPage(known.timeline, page.messages, page.has_more));
  }

  #close(id: string): void {
    const left = (this.#open.get(id) ?? 1) - 1;
    if (left > 0) {
      this.#open.set(id, left);
      return;
    }
    this.#open.delete(id);
    const { replica } = this.#parts;
    const known = replica.get(id);
    if (known === undefined || known.timeline === null) return;
    replica.setTimeline(known, trimmed(known.timeline, limits.page));
    this.#closed.add(id);
    const [oldest] = this.#closed;
    if (this.#closed.size <= keptTimelines || oldest === undefined) return;
    this.#closed.delete(oldest);
    replica.dropTimeline(oldest);
  }
}
