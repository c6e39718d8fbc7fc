import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Hub } from './hub.ts';
import type { Person } from './person.ts';
import type { Room } from './rooms.ts';

interface HeadsOptions {
  readonly db: Database;
  readonly hub: Hub;
  readonly onError: (error: unknown) => void;
}

const beatMs = 1_000;
const rowsPerQuery = 2_000;

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

  constructor(options: HeadsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#comparing ??= this.compare()
        .catch(options.onError)
        .finally(() => {
          this.#comparing = undefined;
        });
    }, beatMs);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#comparing;
  }

  async compare(): Promise<void> {
    const { db, hub } = this.#options;
    // Access first: what may no longer be heard matters more than what was not heard.
    await hub.tenants.compare(db, (outlet, fault) => hub.end(outlet, fault));
    for (const people of chunks(hub.people())) await this.#comparePeople(people);
    for (const rooms of chunks(hub.rooms())) await this.#compareRooms(rooms);
  }

  async #compareRooms(rooms: readonly Room[]): Promise<void> {
    const asked = rooms.map((room) => room.blocked);
    const { rows } = await sql<{ n: number; version: number; blocked: boolean }>`
      select known.n::int as n, conversation.version, conversation.blocked
      from unnest(${rooms.map((room) => room.tenant)}::text[],
        ${rooms.map((room) => room.conversation)}::uuid[],
        ${rooms.map((room) => room.live.version)}::bigint[],
        ${asked}::boolean[])
        with ordinality as known (tenant_id, id, version, blocked, n)
      join conversation using (tenant_id, id)
      where conversation.version > known.version or conversation.blocked <> known.blocked`.execute(
      this.#options.db.core,
    );
    for (const { n, version, blocked } of rows) {
      const room = rooms[n - 1];
      if (room === undefined) continue;
      room.live.catchUp(version);
      // A block takes no version: who is blocked must not see one. What was heard meanwhile is newer.
      if (room.blocked === asked[n - 1]) room.blocked = blocked;
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
