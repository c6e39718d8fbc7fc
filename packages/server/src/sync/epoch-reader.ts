import type { Database } from '../db/database.ts';

const keptMs = 1_000;

/** Reads the epoch, the name of this history; connections that come together share one look. */
export class EpochReader {
  readonly #db: Database;
  #kept: { readonly epoch: Promise<string>; readonly until: number } | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** At most a second old. */
  read(): Promise<string> {
    const now = performance.now();
    if (this.#kept !== undefined && this.#kept.until > now) return this.#kept.epoch;
    const epoch = this.#query();
    this.#kept = { epoch, until: now + keptMs };
    epoch.catch(() => {
      this.#kept = undefined;
    });
    return epoch;
  }

  async #query(): Promise<string> {
    const row = await this.#db.core
      .selectFrom('installation')
      .select('epoch')
      .executeTakeFirstOrThrow();
    return row.epoch;
  }
}
