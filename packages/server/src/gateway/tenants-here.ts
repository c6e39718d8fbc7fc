import { accessTopic, type Topic } from '@parley/protocol';
import { readTenantsAccess } from '../access/read-tenants-access.ts';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Session } from '../scope.ts';
import type { Outlet } from './person.ts';

/** A tenant with somebody connected here. */
interface TenantHere {
  readonly tenant: string;
  readonly outlets: Set<Outlet>;
  /** The access version up to which the sessions here are known to stand; -1: never looked. */
  version: number;
}

/** Connections by tenant: for what ends access of everybody at once, and of every key's bearers. */
export class TenantsHere {
  readonly #bus: Bus;
  readonly #tenants = new Map<Topic, TenantHere>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  add(outlet: Outlet): void {
    const { tenant } = outlet.scope;
    const topic = accessTopic(tenant);
    const here = this.#tenants.get(topic);
    if (here !== undefined) {
      here.outlets.add(outlet);
      return;
    }
    this.#tenants.set(topic, { tenant, outlets: new Set([outlet]), version: -1 });
    this.#bus.subscribe(topic);
  }

  remove(outlet: Outlet): void {
    const topic = accessTopic(outlet.scope.tenant);
    const here = this.#tenants.get(topic);
    if (here === undefined || !here.outlets.delete(outlet) || here.outlets.size > 0) return;
    this.#tenants.delete(topic);
    this.#bus.unsubscribe(topic);
  }

  /** Everybody's connections of the tenant whose access topic this is. */
  of(topic: Topic): Iterable<Outlet> {
    return this.#tenants.get(topic)?.outlets ?? [];
  }

  /**
   * Finds what the bus has lost: suspended tenants, keys taken back; `end` gets whose access ended.
   *
   * Of all tenants, or of those whose topics are among `topics`.
   */
  async compare(
    db: Database,
    end: (outlet: Outlet, fault: 'suspended' | 'key') => void,
    topics: Iterable<Topic> = this.#tenants.keys(),
  ): Promise<void> {
    const compared = [...topics].flatMap((topic) => this.#tenants.get(topic) ?? []);
    const asked = compared.map((here) => ({
      here,
      tenant: here.tenant,
      version: here.version,
      keys: [...keysOf(here).values()],
    }));
    for (let first = 0; first < asked.length; first += tenantsPerQuery) {
      const chunk = asked.slice(first, first + tenantsPerQuery);
      for (const { index, version, suspended, goneKeys } of await readTenantsAccess(db, chunk)) {
        const one = chunk[index];
        if (one === undefined) continue;
        for (const outlet of [...one.here.outlets]) {
          if (suspended) end(outlet, 'suspended');
          else if ([...outlet.sessions].some((session) => goneKeys.has(session.registration)))
            end(outlet, 'key');
        }
        // Who came while it was read may have a key that was not asked for: then the next beat asks.
        const known = new Set(one.keys.map((key) => key.registration));
        if ([...keysOf(one.here).keys()].every((key) => known.has(key))) one.here.version = version;
      }
    }
  }
}

const tenantsPerQuery = 500;

/** A session for each signing key that vouched, by the key's registration. */
function keysOf(here: TenantHere): Map<string, Session> {
  const sessions = [...here.outlets].flatMap((outlet) => [...outlet.sessions]);
  return new Map(sessions.map((session) => [session.registration, session]));
}
