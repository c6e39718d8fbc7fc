import type { PresenceLease, PresenceStore } from './store.ts';

/** Leases of a single node, in memory. `now` is a monotonic clock in milliseconds. */
export class MemoryPresenceStore implements PresenceStore {
  readonly #now: () => number;
  /** Per person: connection to the end of its lease. */
  readonly #people = new Map<string, Map<string, number>>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  async renew(leases: readonly PresenceLease[], leaseMs: number): Promise<void> {
    const end = this.#now() + leaseMs;
    for (const { tenant, user, connection } of leases) {
      const key = personKey(tenant, user);
      const connections = this.#people.get(key) ?? new Map<string, number>();
      connections.set(connection, end);
      this.#people.set(key, connections);
    }
  }

  async release({ tenant, user, connection }: PresenceLease): Promise<void> {
    const key = personKey(tenant, user);
    const connections = this.#people.get(key);
    connections?.delete(connection);
    if (connections?.size === 0) this.#people.delete(key);
  }

  async online(tenant: string, users: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(users.filter((user) => this.#isOnline(personKey(tenant, user))));
  }

  async close(): Promise<void> {
    this.#people.clear();
  }

  #isOnline(key: string): boolean {
    const connections = this.#people.get(key);
    if (connections === undefined) return false;
    const now = this.#now();
    for (const [connection, end] of connections) {
      if (end > now) return true;
      connections.delete(connection);
    }
    this.#people.delete(key);
    return false;
  }
}

// A tenant id has no colon, so no two people share a key.
function personKey(tenant: string, user: string): string {
  return `${tenant}:${user}`;
}
