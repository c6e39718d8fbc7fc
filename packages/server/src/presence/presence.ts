import { type FleetingEvent, newId, type Presence, presenceTopic } from '@parley/protocol';
import { sql } from 'kysely';
import { blockedBy, blockersOf } from '../blocks/blocked-people.ts';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Scope } from '../scope.ts';
import type { PresenceLease, PresenceStore } from './store/store.ts';

interface PresenceOptions {
  readonly store: PresenceStore;
  readonly bus: Bus;
  readonly db: Database;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Says that a connection went; `at once`: its person has no business here, and needs no grace. */
export type Exit = (how?: 'at once') => void;

/** Somebody who comes or goes, of which those whom they block must not hear. */
interface Coming extends Scope {
  readonly blocks: Iterable<string>;
}

interface Change {
  readonly online: boolean;
  readonly wentAt: Date | null;
}

const leaseMs = 60_000;
const renewEveryMs = 20_000;
/** Who reloads a page is not gone. */
const graceMs = 3_000;

/** Who is online here: leases for this node's connections, and the news of coming and going. */
export class PresenceDesk {
  readonly #options: PresenceOptions;
  readonly #leases = new Set<PresenceLease>();
  readonly #leaving = new Map<PresenceLease, NodeJS.Timeout>();
  /** Who goes at once, when this turn of the event loop ends. */
  #going: PresenceLease[] = [];
  readonly #renewal: NodeJS.Timeout;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => this.#renewAll(), renewEveryMs);
    this.#renewal.unref();
  }

  /** A connection came of a person who blocks some; the returned function says that it went. */
  async enter(scope: Scope, blocks: ReadonlySet<string>): Promise<Exit> {
    const { store } = this.#options;
    const lease = { ...scope, connection: newId() };
    const before = await store.online(scope.tenant, [scope.user]);
    await store.renew([lease], leaseMs);
    this.#leases.add(lease);
    if (!before.has(scope.user)) this.#tell({ ...scope, blocks }, { online: true, wentAt: null });
    return (how) => {
      if (how === 'at once') this.#go(lease);
      else this.#goInAWhile(lease);
    };
  }

  #goInAWhile(lease: PresenceLease): void {
    const wentAt = new Date(this.#options.now());
    const timer = setTimeout(() => {
      this.#leave(lease.tenant, [lease], wentAt).catch(this.#options.onError);
    }, graceMs);
    this.#leaving.set(lease, timer);
  }

  /** All connections of a person end in one turn, perhaps all of a tenant: they leave together. */
  #go(lease: PresenceLease): void {
    if (this.#going.push(lease) > 1) return;
    setImmediate(() => {
      const wentAt = new Date(this.#options.now());
      const tenants = Map.groupBy(this.#going, (one) => one.tenant);
      this.#going = [];
      for (const [tenant, leases] of tenants) {
        const users = new Set(leases.map((one) => one.user));
        // Nor has who went a moment ago any grace left.
        const graced = [...this.#leaving.keys()].filter(
          (one) => one.tenant === tenant && users.has(one.user),
        );
        this.#leave(tenant, [...leases, ...graced], wentAt).catch(this.#options.onError);
      }
    });
  }

  /**
   * Presence of these people, as somebody may see it; who does not exist is absent.
   *
   * Who blocks the acting person, or is blocked by them, is never online and was never seen.
   */
  async look(scope: Scope, users: readonly string[]): Promise<Presence[]> {
    if (users.length === 0) return [];
    const { store, db } = this.#options;
    const { rows } = await sql<{ id: string; last_seen_at: Date | null; apart: boolean }>`
      select app_user.id, app_user.last_seen_at,
        app_user.id in ${blockedBy(scope)} or app_user.id in ${blockersOf(scope)} as apart
      from app_user
      where app_user.tenant_id = ${scope.tenant}
        and app_user.id = any(${users}::text[])`.execute(db.of(scope.tenant).sql);
    const online = await store.online(scope.tenant, users);
    return rows.map(({ id, last_seen_at, apart }) =>
      apart
        ? { id, online: false, last_seen_at: null }
        : { id, online: online.has(id), last_seen_at: last_seen_at?.toISOString() ?? null },
    );
  }

  /** Everybody still here goes, without grace: the node stops. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#leases].map((lease) => this.#options.store.release(lease)));
    const tenants = Map.groupBy(this.#leases, (lease) => lease.tenant);
    for (const [tenant, leases] of tenants) {
      await this.#options.db
        .of(tenant)
        .sql.updateTable('app_user')
        .set({ last_seen_at: new Date(this.#options.now()) })
        .where('tenant_id', '=', tenant)
        .where('id', '=', sql<string>`any(${leases.map((lease) => lease.user)}::text[])`)
        .execute();
    }
    this.#leases.clear();
  }

  async #leave(tenant: string, leases: readonly PresenceLease[], wentAt: Date): Promise<void> {
    const { store, db } = this.#options;
    for (const lease of leases) {
      clearTimeout(this.#leaving.get(lease));
      this.#leaving.delete(lease);
    }
    const ended = leases.filter((lease) => this.#leases.delete(lease));
    await Promise.all(ended.map((lease) => store.release(lease)));
    const gone = await this.#offline(tenant, [...new Set(ended.map((lease) => lease.user))]);
    if (gone.length === 0) return;
    // In the order of ids, as everybody locks people.
    await sql`
      with locked as (
        select id from app_user where tenant_id = ${tenant} and id = any(${gone}::text[])
        order by id for no key update
      )
      update app_user set last_seen_at = ${wentAt} from locked
      where app_user.tenant_id = ${tenant} and app_user.id = locked.id`
      .execute(db.of(tenant).sql)
      .catch(this.#options.onError);
    const blocks = await this.#readBlocks(tenant, gone);
    // A person may be back by now, and that is the last word.
    for (const user of await this.#offline(tenant, gone)) {
      this.#tell({ tenant, user, blocks: blocks.get(user) ?? [] }, { online: false, wentAt });
    }
  }

  async #offline(tenant: string, users: readonly string[]): Promise<string[]> {
    const online = await this.#options.store.online(tenant, users);
    return users.filter((user) => !online.has(user));
  }

  #renewAll(): void {
    this.#options.store.renew([...this.#leases], leaseMs).catch(this.#options.onError);
  }

  /** Whom each of these people blocks. */
  async #readBlocks(
    tenant: string,
    users: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const { rows } = await sql<{ user: string; blocks: string[] }>`
      select blocker_id as user, array_agg(blocked_id) as blocks from block
      where tenant_id = ${tenant} and blocker_id = any(${users}::text[])
      group by blocker_id`.execute(this.#options.db.of(tenant).sql);
    return new Map(rows.map((row) => [row.user, row.blocks]));
  }

  /** Tells who watches; the node of a watcher spares those who block the person themselves. */
  #tell({ tenant, user, blocks }: Coming, { online, wentAt }: Change): void {
    const last_seen_at = wentAt?.toISOString() ?? null;
    const event: FleetingEvent = { event: 'presence', user, online, last_seen_at };
    this.#options.bus.publish(presenceTopic(tenant, user), [
      { type: 'fleeting', sender: user, except: [...blocks], frame: JSON.stringify(event) },
    ]);
  }
}
