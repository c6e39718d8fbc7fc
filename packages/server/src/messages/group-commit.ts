import { ParleyError } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { Database, Pipeline } from '../db/database.ts';
import { failureKind } from '../db/failure.ts';
import { bounds } from '../limits/bounds.ts';
import { FairQueue } from '../limits/fair-queue.ts';
import type { Append, AppendedMessage, OutgoingMessage } from './append.ts';
import { appendGroup } from './append-group.ts';
import type { Outcome } from './append-plan.ts';
import { planSettings } from './append-statements.ts';
import { type Appended, publishAppended } from './publish-appended.ts';

interface GroupCommitOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly now: () => number;
  /** Told of failures of the database, for the log. */
  readonly onError: (error: unknown) => void;
  /** Told the size of each group that was stored, for the figures. */
  readonly onGroup?: (size: number) => void;
}

interface Waiting {
  readonly message: OutgoingMessage;
  readonly resolve: (appended: AppendedMessage) => void;
  readonly reject: (error: unknown) => void;
  /** Past this time (of the monotonic clock) a message that cannot be stored is given back. */
  readonly deadline: number;
}

const groupSize = 500;
/** What one tenant has of a group while others send too: a full group would keep them waiting. */
const tenantShare = 250;
/** Whether others send too is remembered this long. */
const mixedMs = 1_000;
const patienceMs = 2_000;
/** Pause before asking again for a conversation that another transaction holds. */
const lockedPauseMs = 5;
const retryAfterMs = 1_000;

/**
 * The group commit: messages that arrive while a commit is under way share the next one.
 *
 * A lone message goes at once; under load one fsync stores hundreds. One group is under way at a
 * time, so messages of one connection keep their order. Tenants take turns: who sends thousands
 * waits behind itself.
 */
export class GroupCommit implements Append {
  readonly #options: GroupCommitOptions;
  readonly #queue = new FairQueue<Waiting>({ weightOf: (one) => one.message.body.length });
  #pipeline: Pipeline | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  /** Who sent last, and when it was last another one than before. */
  #lastTenant = '';
  #mixedAt = Number.NEGATIVE_INFINITY;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  send(message: OutgoingMessage): Promise<AppendedMessage> {
    const { tenant } = message;
    if (this.#closed || this.#isFull(tenant)) {
      return Promise.reject(new ParleyError('unavailable', { retryAfterMs }));
    }
    const now = performance.now();
    if (tenant !== this.#lastTenant) {
      this.#lastTenant = tenant;
      this.#mixedAt = now;
    }
    return new Promise((resolve, reject) => {
      this.#queue.push(tenant, { message, resolve, reject, deadline: now + patienceMs });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#pipeline?.close();
  }

  async #run(): Promise<void> {
    // Everything that this turn of the event loop reads from the sockets belongs into one group.
    await new Promise(setImmediate);
    while (this.#queue.size > 0) {
      const isMixed = performance.now() - this.#mixedAt < mixedMs;
      const share = isMixed ? tenantShare : groupSize;
      const group = this.#queue.take(groupSize, () => share);
      const locked = await this.#store(group);
      if (locked.length > 0) await this.#putBack(locked);
    }
    this.#running = undefined;
  }

  #isFull(tenant: string): boolean {
    const queue = this.#queue;
    return (
      queue.size >= bounds.sendsWaiting ||
      queue.weight >= bounds.sendCharacters ||
      queue.sizeOf(tenant) >= bounds.sendsWaitingPerTenant ||
      queue.weightOf(tenant) >= bounds.sendCharactersPerTenant
    );
  }

  /** Stores a group and answers its senders; returns those whose conversation is held elsewhere. */
  async #store(group: readonly Waiting[]): Promise<Waiting[]> {
    const now = new Date(this.#options.now());
    let outcomes: Outcome[];
    try {
      this.#pipeline = await this.#usablePipeline();
      outcomes = await appendGroup(
        this.#pipeline,
        group.map((one) => one.message),
        now,
      );
    } catch (error) {
      return this.#recover(group, error);
    }
    this.#options.onGroup?.(group.length);
    return this.#answer(group, outcomes, now);
  }

  #answer(group: readonly Waiting[], outcomes: readonly Outcome[], now: Date): Waiting[] {
    const locked: Waiting[] = [];
    const appended: Appended[] = [];
    group.forEach((one, index) => {
      const outcome = outcomes[index];
      switch (outcome?.type) {
        case 'appended':
          if (!outcome.message.repeated) {
            appended.push({ message: one.message, at: outcome.message, kind: outcome.kind });
          }
          one.resolve(outcome.message);
          break;
        case 'refused':
          one.reject(outcome.error);
          break;
        case 'locked':
          locked.push(one);
          break;
        case undefined:
          one.reject(new ParleyError('internal'));
      }
    });
    publishAppended(this.#options.bus, appended, now);
    return locked;
  }

  /** One bad row must not fail the others: what the data broke runs again, one message at a time. */
  async #recover(group: readonly Waiting[], error: unknown): Promise<Waiting[]> {
    this.#options.onError(error);
    await this.#rollback();
    if (isBadRow(error) && group.length > 1) {
      const locked: Waiting[] = [];
      for (const one of group) locked.push(...(await this.#store([one])));
      return locked;
    }
    // Whether a commit that broke off was carried out is unknown: "unavailable" invites to repeat,
    // and a repeat finds the stored message.
    for (const one of group) {
      one.reject(
        isBadRow(error)
          ? new ParleyError('bad_request', { field: 'message', cause: error })
          : new ParleyError('unavailable', { retryAfterMs, cause: error }),
      );
    }
    return [];
  }

  async #rollback(): Promise<void> {
    if (this.#pipeline === undefined || !this.#pipeline.usable) return;
    try {
      await this.#pipeline.query({ name: 'append_rollback', text: 'rollback' });
    } catch (error) {
      this.#options.onError(error);
      await this.#pipeline.close();
    }
  }

  async #putBack(locked: readonly Waiting[]): Promise<void> {
    const now = performance.now();
    const patient = locked.filter((one) => one.deadline > now);
    for (const one of locked) {
      if (one.deadline <= now) one.reject(new ParleyError('unavailable', { retryAfterMs }));
    }
    const othersWait = this.#queue.size > 0;
    const tenants = Map.groupBy(patient, (one) => one.message.tenant);
    for (const [tenant, waiting] of tenants) this.#queue.putBack(tenant, waiting);
    if (!othersWait && patient.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, lockedPauseMs));
    }
  }

  async #usablePipeline(): Promise<Pipeline> {
    if (this.#pipeline?.usable === true) return this.#pipeline;
    const pipeline = await this.#options.db.openPipeline();
    await Promise.all(
      planSettings.map((setting) =>
        pipeline.query({ name: `append_${setting.split(' ')[0]}`, text: `set ${setting}` }),
      ),
    );
    return pipeline;
  }
}

function isBadRow(error: unknown): boolean {
  return failureKind(error) === 'data';
}
