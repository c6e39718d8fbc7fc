import {
  type HelloResult,
  limits,
  ParleyError,
  type PersonalEvent,
  type SyncResult,
} from '@parley/protocol';
import type { Reading } from '../conversations/meanwhile.ts';
import type { Replica } from '../conversations/replica.ts';
import type { Environment } from '../environment.ts';
import type { Requests } from '../line/requests.ts';
import { pauseMs } from '../monitor/backoff.ts';
import { Pace } from '../pace.ts';
import type { Blocks } from '../people/blocks.ts';
import type { Batch } from '../store.ts';
import { Gathered, type KnownVersions, knownAfter } from './answer.ts';
import { PersonalVersion } from './personal-version.ts';

/** A gap is given this long to fill by itself: events may arrive out of order. */
const gatherMs = 30;
/** Names no history: whatever is known is then told anew. */
const noEpoch = 'none';

interface SyncParts {
  readonly requests: Requests;
  readonly replica: Replica;
  readonly batch: Batch;
  readonly blocks: Blocks;
  /** All that is known is up to date after a new connection. `anew`: with another history. */
  synced(anew: boolean): Promise<void>;
}

/** Brings what is known up to date: all of it after each connection, single conversations at a gap. */
export class Sync {
  readonly #env: Environment;
  readonly #parts: SyncParts;
  readonly #me = new PersonalVersion();
  readonly #gaps = new Set<string>();
  /** Numbers of mine were skipped that may have removed what was not asked about. */
  #doubt = false;
  readonly #pace: Pace;
  #all = false;
  #epoch: string | undefined;
  /** Some of what is known comes from a history that the server has given up. */
  #anew = false;
  #at: string | undefined;
  #attempt = 0;

  constructor(env: Environment, parts: SyncParts) {
    this.#env = env;
    this.#parts = parts;
    this.#pace = new Pace(env, { gatherMs, everyMs: 0, job: () => this.#catchUp() });
  }

  /** A new connection: everything is to be brought up to date. */
  resume(hello: HelloResult): void {
    if (this.#epoch === undefined) this.#me.told(hello.me);
    this.#enter(hello.epoch);
    this.#parts.blocks.begin(hello.me);
    // Whatever is read from now on: who is renamed after this is told by the first answer that comes.
    this.#at ??= hello.server_time;
    this.#attempt = 0;
    this.again();
  }

  stop(): void {
    this.#pace.stop();
  }

  /** A change of this conversation is missing. */
  gap(conversation: string): void {
    this.#gaps.add(conversation);
    this.#pace.want();
  }

  /** Nothing else is being read: what is known now can be asked about. */
  calm(): void {
    if (this.#doubt) this.#pace.want();
  }

  personal(event: PersonalEvent): void {
    const { replica, blocks } = this.#parts;
    switch (event.event) {
      case 'conversation.added':
        if (this.#me.take(event.me, event.conversation.id)) replica.added(event.conversation);
        break;
      case 'conversation.removed':
        if (this.#me.take(event.me, event.conversation)) replica.removed(event.conversation);
        break;
      case 'block.updated':
        // A user's id may look like a conversation's.
        if (this.#me.take(event.me, `@${event.user}`)) blocks.told(event);
        break;
    }
    if (this.#me.hasGap) this.#pace.want();
  }

  /** Everything that is known is to be read again. */
  again(): void {
    this.#all = true;
    this.#pace.want();
  }

  #enter(epoch: string): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      this.#anew = true;
      this.#all = true;
      this.#me.restart();
      this.#parts.blocks.restart();
      this.#parts.replica.outdate();
    }
    this.#epoch = epoch;
  }

  async #catchUp(): Promise<number | undefined> {
    const { requests, replica } = this.#parts;
    const { line } = requests;
    if (line === null) return undefined;
    const all = this.#all;
    const epoch = this.#epoch;
    const { view } = replica;
    // Where something personal was missed, any of those known may be mine no longer.
    const missed = this.#hasMissed();
    const ids = all || missed ? replica.ids() : [...this.#gaps].filter((id) => this.#isBehind(id));
    this.#gaps.clear();
    if (!all && !missed && ids.length === 0) return undefined;
    if (all || missed) this.#doubt = false;
    try {
      for (let i = 0; i === 0 || i < ids.length; i += limits.knownPerSync) {
        await this.#sync(ids.slice(i, i + limits.knownPerSync));
      }
      const isNews = epoch === this.#epoch && view === replica.view;
      if (all && line === requests.line && isNews) await this.#allSynced();
      this.#attempt = 0;
      const isDone = !this.#all && this.#gaps.size === 0 && !this.#hasMissed();
      return isDone ? undefined : gatherMs;
    } catch (error) {
      for (const id of ids) this.#gaps.add(id);
      this.#doubt ||= missed;
      // After a cut `resume` comes. What is refused is a fault; it must not become a flood.
      if (line !== requests.line) return undefined;
      const retryAfterMs = error instanceof ParleyError ? error.retryAfterMs : undefined;
      return 1_000 + pauseMs(++this.#attempt, retryAfterMs, this.#env.random);
    }
  }

  #hasMissed(): boolean {
    // What is being read now could not be asked about yet; `calm` comes when it can.
    return this.#me.hasGap || (this.#doubt && !this.#parts.replica.meanwhile.isReading);
  }

  async #allSynced(): Promise<void> {
    const epoch = this.#epoch;
    this.#all = false;
    await this.#parts.synced(this.#anew);
    if (epoch === this.#epoch) this.#anew = false;
  }

  #isBehind(id: string): boolean {
    const { replica } = this.#parts;
    const known = replica.get(id);
    if (known === undefined) return false;
    return known.heard > known.row.version || known.held.length > 0 || replica.isStale(id);
  }

  /** Asks until these are complete and all that was added has been told. */
  async #sync(ids: readonly string[]): Promise<void> {
    const { requests, replica, batch } = this.#parts;
    const gathered = new Gathered();
    const reading = replica.begin();
    try {
      let known = this.#versions(ids);
      let more = true;
      while (more) {
        const isAnew = this.#anew && Object.keys(known).length > 0;
        const answer = await requests.ask('sync', {
          me: this.#me.known,
          known,
          ...(isAnew
            ? { epoch: noEpoch }
            : this.#epoch === undefined
              ? {}
              : { epoch: this.#epoch }),
          ...(this.#at === undefined ? {} : { at: this.#at }),
        });
        const asked = known;
        batch.run(() => this.#apply(answer, asked, gathered, reading));
        known = knownAfter(known, answer.conversations);
        more = answer.more || Object.keys(known).length > 0;
      }
    } finally {
      replica.end(reading);
    }
  }

  #versions(ids: readonly string[]): KnownVersions {
    const { replica } = this.#parts;
    const known: Record<string, { version: number; last_seq: number }> = {};
    for (const id of ids) {
      const row = replica.get(id)?.row;
      // From nothing on, so that it is told anew: what changed since would not undo what is hidden.
      if (replica.isStale(id)) known[id] = { version: 0, last_seq: 0 };
      else if (row !== undefined) known[id] = { version: row.version, last_seq: row.last_seq };
    }
    return known;
  }

  #apply(answer: SyncResult, asked: KnownVersions, gathered: Gathered, reading: Reading): void {
    const { replica, blocks } = this.#parts;
    this.#enter(answer.epoch);
    this.#at = answer.at;
    blocks.synced(answer);
    for (const id of answer.removed) if (!reading.added.has(id)) replica.removed(id);
    for (const changes of answer.conversations) {
      const complete = gathered.take(changes);
      if (complete !== undefined) replica.synced(complete, reading);
    }
    for (const row of answer.added) replica.adopt(row, reading);
    replica.people(answer.users);
    if (answer.me > this.#me.known) {
      // What was not asked about could have been removed by one of the numbers that this skips.
      const told = new Set([...Object.keys(asked), ...answer.added.map(({ id }) => id)]);
      if (replica.meanwhile.isReadingBeside(reading) || replica.ids().some((id) => !told.has(id))) {
        this.#doubt = true;
      }
    }
    this.#me.told(answer.me);
  }
}
