import { setTimeout } from 'node:timers/promises';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { openSession } from '../../packages/server/src/db/postgres/connect.ts';

/** A backend that has become idle tells what it did after ten seconds, at the latest. */
const toldMs = 10_500;

/** Counts what a database is asked: statements, or transactions of several that are one question. */
export class Questions implements AsyncDisposable {
  readonly #session: Awaited<ReturnType<typeof openSession>>;

  static async of(address: DatabaseAddress): Promise<Questions> {
    return new Questions(await openSession(address));
  }

  private constructor(session: Awaited<ReturnType<typeof openSession>>) {
    this.#session = session;
  }

  /** How many there were so far, when all have told; the database should be quiet meanwhile. */
  async settledCount(): Promise<number> {
    await setTimeout(toldMs);
    return this.count();
  }

  /** How many have been told of so far. */
  async count(): Promise<number> {
    await this.#session.query('select pg_stat_clear_snapshot()');
    const { rows } = await this.#session.query<{ count: number }>(
      'select xact_commit as count from pg_stat_database where datname = current_database()',
    );
    return rows[0]?.count ?? 0;
  }

  /** The last message of every conversation. */
  async heads(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.#session.query<{ id: string; last_seq: number }>(
      'select id, last_seq from conversation',
    );
    return new Map(rows.map((row) => [row.id, row.last_seq]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.end();
  }
}
