import { ParleyError, type SyncResult } from '@parley/protocol';
import type { Context } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import { SharedQuestions } from '../limits/shared-questions.ts';
import type { Asking } from './read-returning.ts';
import { parseAt, type Sync, sync } from './sync.ts';
import { syncTogether } from './sync-together.ts';

interface SyncsOptions {
  readonly db: Database;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
}

/** Conversations that one question asks for, over all who share it. */
const rowsPerQuestion = 2_000;
const mostWaiting = 20_000;

/**
 * Brings clients up to date; those of a tenant who come back together share their questions.
 *
 * Who comes alone, or has missed more than what all others have missed too, is read for alone.
 */
export class Syncs {
  readonly #options: SyncsOptions;
  readonly #questions: SharedQuestions<Asking, SyncResult | 'alone'>;

  constructor(options: SyncsOptions) {
    const { db, turns } = options;
    this.#options = options;
    this.#questions = new SharedQuestions({
      most: rowsPerQuestion,
      weightOf: ({ input }) => input.known.size + 5,
      answer: async (tenant, asking) =>
        asking.length === 1
          ? ['alone']
          : turns.take(tenant, () => syncTogether(db.of(tenant).sql, tenant, asking)),
    });
  }

  /** As `sync`. Throws `unavailable` when too many wait. */
  async sync(ctx: Context, input: Sync): Promise<SyncResult> {
    const { tenant, user } = ctx.scope;
    const at = parseAt(input.at);
    if (this.#questions.size >= mostWaiting) {
      throw new ParleyError('unavailable', { retryAfterMs: 1_000 + Math.random() * 4_000 });
    }
    const answer = await this.#questions.ask(tenant, { user, input, at });
    if (answer !== 'alone') return answer;
    return this.#options.turns.take(tenant, () => sync(ctx, input));
  }
}
