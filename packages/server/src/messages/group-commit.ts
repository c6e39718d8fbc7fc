import { ParleyError } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { Database, Pipeline } from '../db/database.ts';
import { failureKind, tookTooLong } from '../db/failure.ts';
import { patience } from '../limits/patience.ts';
import type { Append, AppendedMessage, OutgoingMessage } from './append.ts';
import { appendGroup } from './append-group.ts';
import type { Outcome } from './append-plan.ts';
import { planSettings } from './append-statements.ts';
import { type Appended, publishAppended } from './publish-appended.ts';
import { SendQueue } from './send-queue.ts';
import { WaitingSend } from './waiting-send.ts';

interface GroupCommitOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly now: () => number;
  /** Told of failures of the database, for the log. */
  readonly onError: (error: unknown) => void;
  /** Told the size of each group that was stored, for the figures. */
  readonly onGroup?: (size: number) => void;
}

const groupSize = 500;
/** What one tenant has of a group while others send too: a full group would keep them waiting. */
const tenantShare = 250;
/** Whether others send too is remembered this long. */
const mixedMs = 1_000;
/** How often it is looked for messages whose time is over. */
const sweepMs = 100;
/** Where there is no database, it is asked for again after this. */
const offlineMs = 200;
/** Parts of a group that fail one after another for the same reason: then it is not about them. */
const failuresInARow = 2;
const retryAfterMs = 1_000;

/**
 * The group commit: messages that arrive while a commit is under way share the next one.
 *
 * A lone message goes at once; under load one fsync stores hundreds. One group is under way at a
 * time, so messages of one connection keep their order. Tenants take turns: who sends thousands
 * waits behind itself. Every message is answered within `patience.sendMs`: what could not be tried
 * waits that long, and of what was tried without an answer nobody knows what became of it.
 */
export class GroupCommit implements Append {
  readonly #options: GroupCommitOptions;
  readonly #queue = new SendQueue();
  /** What is at the database now. */
  #group: readonly WaitingSend[] = [];
  #pipeline: Pipeline | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  #sweep: NodeJS.Timeout | undefined;
  /** There was no database: nothing is tried before this time. */
  #offlineUntil = 0;
  /** Ends the pause of a queue in which everything stands aside. */
  #wake: () => void = () => {};
  /** Who sent last, and when it was last another one than before. */
  #lastTenant = '';
  #mixedAt = Number.NEGATIVE_INFINITY;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  send(message: OutgoingMessage): Promise<AppendedMessage> {
    const { tenant } = message;
    if (this.#closed || this.#queue.isFull(tenant)) return Promise.reject(unavailable());
    const now = performance.now();
    if (tenant !== this.#lastTenant) {
      this.#lastTenant = tenant;
      this.#mixedAt = now;
    }
    return new Promise((resolve, reject) => {
      this.#queue.push(new WaitingSend(message, now + patience.sendMs, { resolve, reject }));
      this.#sweep ??= setInterval(() => this.#giveUpOverdue(), sweepMs);
      this.#wake();
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    clearInterval(this.#sweep);
    await this.#pipeline?.close();
  }

  async #run(): Promise<void> {
    // Everything that this turn of the event loop reads from the sockets belongs into one group.
    await new Promise(setImmediate);
    while (this.#queue.size > 0) {
      await this.#pause(this.#offlineUntil - performance.now());
      const now = performance.now();
      const isMixed = now - this.#mixedAt < mixedMs;
      const group = this.#queue.take(groupSize, isMixed ? tenantShare : groupSize, now);
      if (group.length === 0) {
        if (this.#queue.size > 0) await this.#pause(this.#queue.dueIn(now), 'or until a send');
        continue;
      }
      this.#group = group;
      await this.#store(group);
      this.#group = [];
      this.#queue.took(group);
    }
    this.#running = undefined;
  }

  /** Stores a group and answers its senders; what cannot be stored now stays in the queue. */
  async #store(group: readonly WaitingSend[]): Promise<'done' | 'contended'> {
    const pipeline = await this.#openPipeline(group);
    if (pipeline === undefined) return 'done';
    const now = new Date(this.#options.now());
    let outcomes: Outcome[];
    try {
      outcomes = await appendGroup(
        pipeline,
        group.map((one) => one.message),
        now,
      );
    } catch (error) {
      return this.#recover(group, error);
    }
    this.#options.onGroup?.(group.length);
    this.#answer(group, outcomes);
    return 'done';
  }

  #answer(group: readonly WaitingSend[], outcomes: readonly Outcome[]): void {
    const locked: WaitingSend[] = [];
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
    publishAppended(this.#options.bus, appended);
    this.#queue.hold(locked, performance.now());
  }

  /**
   * One bad row, or one that somebody else locks, must not fail the others: parts run again, smaller
   * and smaller. Everything else fails the group.
   */
  async #recover(group: readonly WaitingSend[], error: unknown): Promise<'done' | 'contended'> {
    this.#options.onError(error);
    await this.#rollback();
    const kind = tookTooLong(error) ? 'unavailable' : failureKind(error);
    const parts = partsOf(group);
    if (parts.length > 1 && (kind === 'data' || (kind === 'contended' && !isOfOne(group)))) {
      await this.#storeParts(parts);
      return 'done';
    }
    if (kind === 'contended') {
      // It was rolled back; who holds what it needs, only another try can tell.
      this.#queue.hold(group, performance.now(), 'alone');
      return 'contended';
    }
    // Whether a commit that broke off was carried out is unknown: "unavailable" invites to repeat,
    // and a repeat finds the stored message.
    for (const one of group) {
      one.reject(
        kind === 'data'
          ? new ParleyError('bad_request', { field: 'message', cause: error })
          : unavailable(error),
      );
    }
    return 'done';
  }

  async #storeParts(parts: readonly (readonly WaitingSend[])[]): Promise<void> {
    let inARow = 0;
    for (const [index, part] of parts.entries()) {
      // Behind one of theirs that stands aside by now they keep their order.
      const free = part.filter((one) => !this.#queue.standsAside(one));
      if (free.length === 0) continue;
      inARow = (await this.#store(free)) === 'contended' ? inARow + 1 : 0;
      if (inARow < failuresInARow) continue;
      // Not these rows: the whole table is held, say. The others wait, instead of trying in vain.
      this.#offlineUntil = performance.now() + offlineMs;
      this.#queue.giveBack(parts.slice(index + 1).flat());
      return;
    }
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

  /** The pipeline, or nothing when there is none: then the group is back in the queue, or refused. */
  async #openPipeline(group: readonly WaitingSend[]): Promise<Pipeline | undefined> {
    if (this.#pipeline?.usable === true) return this.#pipeline;
    if (performance.now() < this.#offlineUntil) {
      this.#queue.giveBack(group);
      return undefined;
    }
    this.#pipeline = undefined;
    try {
      const pipeline = await this.#options.db.openPipeline();
      this.#pipeline = pipeline;
      await Promise.all(
        planSettings.map((setting) =>
          pipeline.query({ name: `append_${setting.split(' ')[0]}`, text: `set ${setting}` }),
        ),
      );
      return pipeline;
    } catch (error) {
      this.#options.onError(error);
      await this.#pipeline?.close();
      if (failureKind(error) === 'unavailable') {
        this.#offlineUntil = performance.now() + offlineMs;
        this.#queue.giveBack(group);
      } else {
        for (const one of group) one.reject(unavailable(error));
      }
      return undefined;
    }
  }

  #giveUpOverdue(): void {
    const now = performance.now();
    const overdue = this.#group.filter((one) => one.deadline <= now);
    for (const one of [...overdue, ...this.#queue.takeOverdue(now)]) one.reject(unavailable());
    if (this.#queue.unanswered > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #pause(ms: number, until?: 'or until a send'): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      if (until === undefined) return;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Smaller groups: of one tenant each, else of one conversation, else of one message. */
function partsOf(group: readonly WaitingSend[]): (readonly WaitingSend[])[] {
  for (const keyOf of [
    (one: WaitingSend) => one.message.tenant,
    (one: WaitingSend) => one.conversation,
  ]) {
    const parts = [...Map.groupBy(group, keyOf).values()];
    if (parts.length > 1) return parts;
  }
  return group.map((one) => [one]);
}

/** Whether all are of one conversation: they keep their order, so they wait for it together. */
function isOfOne([first, ...others]: readonly WaitingSend[]): boolean {
  return others.every((one) => one.conversation === first?.conversation);
}

function unavailable(cause?: unknown): ParleyError {
  return new ParleyError('unavailable', { retryAfterMs, cause });
}
