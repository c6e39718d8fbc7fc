import { ParleyError } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { Database, Pipeline } from '../db/database.ts';
import { failureKind } from '../db/failure.ts';
import type { Append, AppendedMessage, OutgoingMessage } from './append.ts';
import { appendGroup, type Outcome } from './append-group.ts';
import { planSettings } from './append-statements.ts';
import { publishAppended } from './publish-appended.ts';

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
const queueSize = 20_000;
const patienceMs = 2_000;
/** Pause before asking again for a conversation that another transaction holds. */
const lockedPauseMs = 5;
const retryAfterMs = 1_000;

/**
 * The group commit: messages that arrive while a commit is under way share the next one.
 *
 * A lone message goes at once; under load one fsync stores hundreds. One group is under way at a
 * time, so messages of one connection keep their order.
 */
export class GroupCommit implements Append {
  readonly #options: GroupCommitOptions;
  #queue: Waiting[] = [];
  #pipeline: Pipeline | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  send(message: OutgoingMessage): Promise<AppendedMessage> {
    if (this.#closed || this.#queue.length >= queueSize) {
      return Promise.reject(new ParleyError('unavailable', { retryAfterMs }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, resolve, reject, deadline: performance.now() + patienceMs });
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
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, groupSize);
      const locked = await this.#store(group);
      if (locked.length > 0) await this.#putBack(locked);
    }
    this.#running = undefined;
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
    const appended: { message: OutgoingMessage; at: AppendedMessage }[] = [];
    group.forEach((one, index) => {
      const outcome = outcomes[index];
      switch (outcome?.type) {
        case 'appended':
          if (!outcome.message.repeated)
            appended.push({ message: one.message, at: outcome.message });
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
    const othersWait = this.#queue.length > 0;
    this.#queue = [...patient, ...this.#queue];
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
