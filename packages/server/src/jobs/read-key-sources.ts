import { ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { dueAfter, readKeySource, type SourceContext } from '../tokens/read-key-source.ts';

interface KeySourceJobOptions {
  readonly db: Database;
  /** What reading a tenant's source works with; the server itself is the actor. */
  readonly contextOf: (tenant: string) => SourceContext;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

interface Due {
  readonly tenant: string;
  readonly id: string;
}

const lookEveryMs = 60_000;
// As many at a time: a slow source keeps one place, not the others.
const atOnce = 8;
const claimedAtOnce = 4 * atOnce;

/**
 * Reads key sources when they are due, of all tenants, on whichever node comes first.
 *
 * A node claims sources by moving their time, so that no two read one; one that dies in the middle
 * leaves them for the time after.
 */
export class KeySourceJob {
  readonly #options: KeySourceJobOptions;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #closing = false;

  constructor(options: KeySourceJobOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.run(), lookEveryMs);
    this.#timer.unref();
  }

  /** Reads what is due now; joins a run that is under way. */
  run(): Promise<void> {
    this.#running ??= this.#readAll()
      .catch(this.#options.onError)
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** Begins no further reading, and waits for those under way. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #readAll(): Promise<void> {
    for (let due = await this.#claim(); due.length > 0; due = await this.#claim()) {
      const waiting = due.values();
      await Promise.all(Array.from({ length: atOnce }, () => this.#readEach(waiting)));
      if (this.#closing) return;
    }
  }

  /** One of several that take the next source from the same list. */
  async #readEach(waiting: Iterable<Due>): Promise<void> {
    for (const { tenant, id } of waiting) {
      if (this.#closing) return;
      try {
        await readKeySource(this.#options.contextOf(tenant), id);
      } catch (error) {
        // Removed or read meanwhile, its tenant suspended, this server ending: nothing to do.
        if (!(error instanceof ParleyError)) this.#options.onError(error);
      }
    }
  }

  async #claim(): Promise<readonly Due[]> {
    if (this.#closing) return [];
    const at = new Date(this.#options.now());
    const { rows } = await sql<Due>`
      update key_source set next_read_at = ${dueAfter(at)}
      from (
        select tenant_id, id from key_source where next_read_at <= ${at}
        order by next_read_at, tenant_id, id
        limit ${claimedAtOnce} for update skip locked
      ) as due
      where key_source.tenant_id = due.tenant_id and key_source.id = due.id
      returning key_source.tenant_id as tenant, key_source.id`.execute(this.#options.db.core);
    return rows;
  }
}
