import { type FleetingEvent, newId, type Presence, presenceTopic } from '@parley/protocol';
import { sql } from 'kysely';
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

const leaseMs = 60_000;
const renewEveryMs = 20_000;
/** Who reloads a page is not gone. */
const graceMs = 3_000;

/** Who is online here: leases for this node's connections, and the news of coming and going. */
export class PresenceDesk {
  readonly #options: PresenceOptions;
  readonly #leases = new Set<PresenceLease>();
  readonly #leaving = new Map<PresenceLease, NodeJS.Timeout>();
  readonly #renewal: NodeJS.Timeout;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => this.#renewAll(), renewEveryMs);
    this.#renewal.unref();
  }

  /** A connection came; the returned function says that it went. */
  async enter(scope: Scope): Promise<() => void> {
    const { store } = this.#options;
    const lease = { ...scope, connection: newId() };
    const before = await store.online(scope.tenant, [scope.user]);
    await store.renew([lease], leaseMs);
    this.#leases.add(lease);
    if (!before.has(scope.user)) this.#tell(scope, true, null);
    return () => {
      const wentAt = new Date(this.#options.now());
      const timer = setTimeout(() => {
        this.#leave(lease, wentAt).catch(this.#options.onError);
      }, graceMs);
      this.#leaving.set(lease, timer);
    };
  }

  /** Presence of these people; who does not exist is absent. */
  async look(tenant: string, users: readonly string[]): Promise<Presence[]> {
    if (users.length === 0) return [];
    const { store, db } = this.#options;
    const rows = await db.sql
      .selectFrom('app_user')
      .select(['id', 'last_seen_at'])
      .where('tenant_id', '=', tenant)
      .where('id', 'in', users)
      .execute();
    const online = await store.online(tenant, users);
    return rows.map((row) => ({
      id: row.id,
      online: online.has(row.id),
      last_seen_at: row.last_seen_at?.toISOString() ?? null,
    }));
  }

  /** Everybody still here goes, without grace: the node stops. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#leases].map((lease) => this.#options.store.release(lease)));
    const tenants = Map.groupBy(this.#leases, (lease) => lease.tenant);
    for (const [tenant, leases] of tenants) {
      await this.#options.db.sql
        .updateTable('app_user')
        .set({ last_seen_at: new Date(this.#options.now()) })
        .where('tenant_id', '=', tenant)
        .where('id', '=', sql<string>`any(${leases.map((lease) => lease.user)}::text[])`)
        .execute();
    }
    this.#leases.clear();
  }

  async #leave(lease: PresenceLease, wentAt: Date): Promise<void> {
    const { store, db } = this.#options;
    const { tenant, user } = lease;
    this.#leaving.delete(lease);
    if (!this.#leases.delete(lease)) return;
    await store.release(lease);
    if ((await store.online(tenant, [user])).has(user)) return;
    await db.sql
      .updateTable('app_user')
      .set({ last_seen_at: wentAt })
      .where('tenant_id', '=', tenant)
      .where('id', '=', user)
      .execute()
      .catch(this.#options.onError);
    // The person may be back by now, and that is the last word.
    if ((await store.online(tenant, [user])).has(user)) return;
    this.#tell({ tenant, user }, false, wentAt.toISOString());
  }

  #renewAll(): void {
    this.#options.store.renew([...this.#leases], leaseMs).catch(this.#options.onError);
  }

  #tell({ tenant, user }: Scope, online: boolean, last_seen_at: string | null): void {
    const event: FleetingEvent = { event: 'presence', user, online, last_seen_at };
    this.#options.bus.publish(presenceTopic(tenant, user), [
      { type: 'fleeting', frame: JSON.stringify(event) },
    ]);
  }
}
