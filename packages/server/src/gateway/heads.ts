import { type Topic, userTopic } from '@parley/protocol';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Hub } from './hub.ts';
import type { Person } from './person.ts';
import type { Room } from './rooms.ts';

interface HeadsOptions {
  readonly db: Database;
  readonly hub: Hub;
  /** The name of the history that the database holds. */
  readonly readEpoch: () => Promise<string>;
  /** It holds another one than before: nothing that this node has delivered stands for it. */
  readonly onOtherHistory: (why: 'another epoch' | 'earlier than before') => void;
  readonly onError: (error: unknown) => void;
  /** How often everything is compared, in milliseconds; for tests. */
  readonly beatMs?: number;
}

const rowsPerQuery = 2_000;
/** Whoever is being read at the moment is looked at this much later. */
const laterMs = 50;

/**
 * Compares what this node has delivered with what the database holds, every second.
 *
 * A gap shows itself by the next change; this finds a lost *last* one: when the bus lost it, or the
 * database took a commit but not its answer. Only rows that differ come back.
 */
export class Heads {
  readonly #options: HeadsOptions;
  readonly #timer: NodeJS.Timeout;
  #comparing: Promise<void> | undefined;
  #epoch: string | undefined;
  /** Topics that are heard only from now on: what was published before may be missing here. */
  readonly #heard = new Set<Topic>();
  #comparingHeard: Promise<void> | undefined;
  #closed = false;

  constructor(options: HeadsOptions) {
    this.#options = options;
    // Before anybody comes: what they are told belongs to this history.
    this.#comparing = this.#compareEpoch()
      .catch(options.onError)
      .finally(() => {
        this.#comparing = undefined;
      });
    this.#timer = setInterval(() => {
      this.#comparing ??= this.compare()
        .catch(options.onError)
        .finally(() => {
          this.#comparing = undefined;
        });
    }, options.beatMs ?? 1_000);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all([this.#comparing, this.#comparingHeard]);
  }

  /** The bus carries these topics only from now on: what they are about is compared at once. */
  hear(topics: readonly Topic[]): void {
    for (const topic of topics) this.#heard.add(topic);
    // What comes meanwhile waits for this comparison and shares the next.
    if (this.#closed || this.#heard.size === 0) return;
    this.#comparingHeard ??= this.#compareHeard().catch(this.#options.onError);
  }

  async compare(): Promise<void> {
    const { db, hub } = this.#options;
    await this.#compareEpoch();
    // Access first: what may no longer be heard matters more than what was not heard.
    await hub.tenants.compare(db, (outlet, fault) => hub.end(outlet, fault));
    for (const people of chunks(hub.people())) await this.#comparePeople(people);
    for (const rooms of chunks(hub.rooms())) await this.#compareRooms(rooms);
  }

  async #compareEpoch(): Promise<void> {
    const epoch = await this.#options.readEpoch();
    const known = this.#epoch;
    this.#epoch = epoch;
    if (known !== undefined && known !== epoch) this.#options.onOtherHistory('another epoch');
  }

  async #compareHeard(): Promise<void> {
    const { db, hub } = this.#options;
    try {
      while (this.#heard.size > 0 && !this.#closed) {
        const topics = new Set([...this.#heard].slice(0, rowsPerQuery));
        for (const topic of topics) this.#heard.delete(topic);
        await hub.tenants.compare(db, (outlet, fault) => hub.end(outlet, fault), topics);
        const { people, rooms } = hub.placesOf(topics);
        this.#lookLater(people.filter((person) => person.reading > 0));
        if (people.length > 0) await this.#comparePeople(people);
        if (rooms.length > 0) await this.#compareRooms(rooms);
      }
    } finally {
      // In the turn in which nothing was left: what comes next begins anew.
      this.#comparingHeard = undefined;
    }
  }

  /** What is being read now was perhaps asked for before the topic was heard. */
  #lookLater(people: readonly Person[]): void {
    if (people.length === 0) return;
    const topics = people.map(({ scope }) => userTopic(scope.tenant, scope.user));
    setTimeout(() => this.hear(topics), laterMs).unref();
  }

  async #compareRooms(rooms: readonly Room[]): Promise<void> {
    const asked = rooms.map(({ live, blocked }) => ({ version: live.version, blocked }));
    const { rows } = await sql<{ n: number; version: number; blocked: boolean }>`
      select known.n::int as n, conversation.version, conversation.blocked
      from unnest(${rooms.map((room) => room.tenant)}::text[],
        ${rooms.map((room) => room.conversation)}::uuid[],
        ${asked.map(({ version }) => version)}::bigint[],
        ${asked.map(({ blocked }) => blocked)}::boolean[])
        with ordinality as known (tenant_id, id, version, blocked, n)
      join conversation using (tenant_id, id)
      where conversation.version <> known.version or conversation.blocked <> known.blocked`.execute(
      this.#options.db.core,
    );
    for (const { n, version, blocked } of rows) {
      const [room, before] = [rooms[n - 1], asked[n - 1]];
      if (room === undefined || before === undefined) continue;
      // What is delivered was committed: only a database that lost commits is behind it.
      if (version < before.version) return this.#options.onOtherHistory('earlier than before');
      room.live.catchUp(version);
      // A block takes no version: who is blocked must not see one. What was heard meanwhile is newer.
      if (room.blocked === before.blocked) room.blocked = blocked;
    }
  }

  async #comparePeople(people: readonly Person[]): Promise<void> {
    const { rows } = await sql<{ n: number }>`
      select known.n::int as n
      from unnest(${people.map((one) => one.scope.tenant)}::text[],
        ${people.map((one) => one.scope.user)}::text[],
        ${people.map((one) => one.me)}::bigint[])
        with ordinality as known (tenant_id, id, version, n)
      join app_user using (tenant_id, id)
      where app_user.version > known.version`.execute(this.#options.db.core);
    const behind = rows.flatMap((row) => people[row.n - 1] ?? []);
    const stale = people.filter((one) => one.stale);
    await Promise.all(
      [...new Set([...behind, ...stale])].map((one) => this.#options.hub.reconcile(one)),
    );
  }
}

function* chunks<T>(items: Iterable<T>): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < rowsPerQuery) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
