import { type Presence, presenceTopic } from '@parley/protocol';
import { sql } from 'kysely';
import { blockedBy, blockersOf } from '../blocks/blocked-people.ts';
import type { Bus, PresenceNews } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Scope } from '../scope.ts';
import { writeLastSeen } from './last-seen.ts';
import { personKey } from './store/person-key.ts';
import type { PresenceChange, PresenceStore, Standing } from './store/store.ts';

interface PresenceOptions {
  readonly store: PresenceStore;
  readonly bus: Bus;
  readonly db: Database;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Says that a connection went; `at once`: its person has no business here, and needs no grace. */
export type Exit = (how?: 'at once') => void;

/** Presence as somebody may see it. */
export interface Looked {
  readonly presence: Presence;
  /** How new it is; null: the two are apart by a block, whatever happens. */
  readonly turn: number | null;
}

/** Somebody with connections to this node, or who had some a moment ago. */
interface Here {
  readonly scope: Scope;
  connections: number;
  /** Whom they block: of the person who is here, so it is always as of now. */
  blocks: ReadonlySet<string>;
  /** When the last connection ended, on the monotonic clock. */
  wentAt: number;
  grace: NodeJS.Timeout | undefined;
}

/** Who reloads a page is not gone. */
const graceMs = 3_000;
/** Hello waits this long for other nodes to be able to know, and no longer. */
const patienceMs = 100;
const retryMs = 2_000;
/** Goings that could not be told, because the database is away. */
const mostUntold = 10_000;
const unknown: Standing = { online: false, turn: 0 };

/** Who is online here: counted connections, and the news of coming and going. */
export class PresenceDesk {
  readonly #options: PresenceOptions;
  readonly #here = new Map<string, Here>();
  /** Who goes in this turn of the event loop: perhaps all of a tenant. */
  #going: Promise<PresenceChange | undefined>[] = [];
  readonly #telling = new Set<Promise<void>>();
  #untold: PresenceChange[] = [];
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    options.store.onChange((changes) => this.#tell(changes));
  }

  /** Calls when what was told and looked up may have been wrong, and can be looked up again. */
  onSettled(handler: () => void): void {
    this.#options.store.onSettled(handler);
  }

  /** A connection came of a person who blocks some; the returned function says that it went. */
  async enter(scope: Scope, blocks: ReadonlySet<string>): Promise<Exit> {
    const key = personKey(scope);
    const known = this.#here.get(key);
    const here = known ?? { scope, connections: 0, blocks, wentAt: 0, grace: undefined };
    clearTimeout(here.grace);
    here.blocks = blocks;
    here.connections++;
    if (known === undefined) {
      this.#here.set(key, here);
      await inTime(this.#arrive(here).catch(this.#options.onError));
    }
    let gone = false;
    return (how) => {
      if (gone) return;
      gone = true;
      here.connections--;
      if (here.connections === 0) this.#leave(here, how);
    };
  }

  /**
   * Presence of these people, as somebody may see it; who does not exist is absent.
   *
   * Who blocks the acting person, or is blocked by them, is never online and was never seen.
   */
  async look(scope: Scope, users: readonly string[]): Promise<Looked[]> {
    if (users.length === 0) return [];
    const { store, db } = this.#options;
    const reading = sql<{ id: string; last_seen_at: Date | null; apart: boolean }>`
      select app_user.id, app_user.last_seen_at,
        app_user.id in ${blockedBy(scope)} or app_user.id in ${blockersOf(scope)} as apart
      from app_user
      where app_user.tenant_id = ${scope.tenant}
        and app_user.id = any(${users}::text[])`.execute(db.of(scope.tenant).sql);
    const [{ rows }, standings] = await Promise.all([reading, store.look(scope.tenant, users)]);
    return rows.map(({ id, last_seen_at, apart }) => {
      if (apart) return { presence: { id, online: false, last_seen_at: null }, turn: null };
      const { online, turn } = standings.get(id) ?? unknown;
      const presence = { id, online, last_seen_at: last_seen_at?.toISOString() ?? null };
      return { presence, turn };
    });
  }

  /** Who of these people is online, whoever asks. */
  standings(tenant: string, users: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    return this.#options.store.look(tenant, users);
  }

  /** The news of what these people are, as it is told to whoever watches them. */
  async newsOf(
    tenant: string,
    standings: ReadonlyMap<string, Standing>,
  ): Promise<ReadonlyMap<string, PresenceNews>> {
    const { rows } = await sql<{ id: string; last_seen_at: Date | null; blocks: string[] }>`
      select id, last_seen_at, array(
        select blocked_id from block
        where block.tenant_id = app_user.tenant_id and block.blocker_id = app_user.id
      ) as blocks
      from app_user
      where tenant_id = ${tenant} and id = any(${[...standings.keys()]}::text[])`.execute(
      this.#options.db.of(tenant).sql,
    );
    return new Map(
      rows.map(({ id, last_seen_at, blocks }) => {
        const { online, turn } = standings.get(id) ?? unknown;
        const lastSeenAt = last_seen_at?.toISOString() ?? null;
        return [id, { type: 'presence', user: id, online, lastSeenAt, turn, except: blocks }];
      }),
    );
  }

  /** Everybody still here goes, without grace: the node stops, and who comes to another was never away. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const { grace } of this.#here.values()) clearTimeout(grace);
    const now = performance.now();
    const tenants = Map.groupBy(this.#here.values(), ({ scope }) => scope.tenant);
    for (const [tenant, people] of tenants) {
      const gone = people.map(({ scope, connections, wentAt }) => {
        return { user: scope.user, agoMs: connections > 0 ? 0 : now - wentAt };
      });
      await writeLastSeen(this.#options.db, tenant, gone).catch(this.#options.onError);
    }
    this.#here.clear();
    await Promise.all(this.#telling);
  }

  async #arrive(here: Here): Promise<void> {
    const { elsewhere, turn } = await this.#options.store.hold(here.scope);
    if (!elsewhere) this.#publish(here.scope, comingOf(here, turn));
  }

  #leave(here: Here, how: 'at once' | undefined): void {
    if (this.#closed) return;
    // Who goes at once has no grace left of a connection that went a moment ago.
    here.wentAt = performance.now();
    if (how === 'at once') this.#go(here);
    else here.grace = setTimeout(() => this.#go(here), graceMs);
  }

  #go({ scope, wentAt }: Here): void {
    this.#here.delete(personKey(scope));
    // Asked at once: who comes back from now on comes after it.
    const released = this.#options.store.release(scope).then(({ elsewhere, turn }) => {
      if (elsewhere) return undefined;
      return { ...scope, online: false, turn, agoMs: performance.now() - wentAt };
    });
    if (this.#going.push(released) > 1) return;
    setImmediate(() => {
      const going = this.#going;
      this.#going = [];
      const telling = Promise.all(going)
        .then((gone) => this.#tellGone(gone.filter((one) => one !== undefined)))
        .finally(() => this.#telling.delete(telling));
      this.#telling.add(telling);
    });
  }

  /** Tells it some time, however long the database is away; the turn says what it is older than. */
  async #tellGone(gone: readonly PresenceChange[]): Promise<void> {
    const since = performance.now();
    try {
      await this.#tell(gone);
    } catch (error) {
      this.#options.onError(error);
      if (this.#closed || this.#untold.length + gone.length > mostUntold) return;
      this.#untold.push(...gone);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        const agoMs = performance.now() - since;
        const untold = this.#untold.map((one) => ({ ...one, agoMs: one.agoMs + agoMs }));
        this.#untold = [];
        void this.#tellGone(untold);
      }, retryMs);
    }
  }

  /** Tells who watches; the node of a watcher spares those who block the person themselves. */
  async #tell(changes: readonly PresenceChange[]): Promise<void> {
    const others = changes.filter(({ online, turn, ...scope }) => {
      const here = online ? this.#here.get(personKey(scope)) : undefined;
      if (here !== undefined) this.#publish(scope, comingOf(here, turn));
      return here === undefined;
    });
    for (const [tenant, people] of Map.groupBy(others, (one) => one.tenant)) {
      await this.#tellOthers(tenant, people);
    }
  }

  /** Of people without a connection to this node: who went, and who is at another node after all. */
  async #tellOthers(tenant: string, people: readonly PresenceChange[]): Promise<void> {
    const gone = people.filter(({ online }) => !online);
    if (gone.length > 0) await writeLastSeen(this.#options.db, tenant, gone);
    const news = await this.newsOf(tenant, new Map(people.map((one) => [one.user, one])));
    for (const [user, one] of news) this.#publish({ tenant, user }, one);
  }

  #publish({ tenant, user }: Scope, news: PresenceNews): void {
    this.#options.bus.publish(presenceTopic(tenant, user), [news]);
  }
}

function comingOf({ scope, blocks }: Here, turn: number): PresenceNews {
  const { user } = scope;
  return { type: 'presence', user, online: true, lastSeenAt: null, turn, except: [...blocks] };
}

/** Settles with the work, or when patience ends. */
async function inTime(work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patienceMs);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
