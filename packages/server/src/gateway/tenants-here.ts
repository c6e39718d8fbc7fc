import { accessTopic, type Topic } from '@parley/protocol';
import { readTenantsAccess } from '../access/read-tenants-access.ts';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
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

  /** Finds what the bus has lost: suspended tenants, keys taken back; `end` gets whose access ended. */
  async compare(
    db: Database,
    end: (outlet: Outlet, fault: 'suspended' | 'key') => void,
  ): Promise<void> {
    const asked = [...this.#tenants.values()].map((here) => ({
      here,
      tenant: here.tenant,
      version: here.version,
      kids: [...kidsOf(here)],
    }));
    for (let first = 0; first < asked.length; first += tenantsPerQuery) {
      const chunk = asked.slice(first, first + tenantsPerQuery);
      for (const { index, version, suspended, goneKids } of await readTenantsAccess(db, chunk)) {
        const one = chunk[index];
        if (one === undefined) continue;
        for (const outlet of [...one.here.outlets]) {
          if (suspended) end(outlet, 'suspended');
          else if (kidsOfOutlet(outlet).some((kid) => goneKids.has(kid))) end(outlet, 'key');
        }
        // Who came while it was read may have a key that was not asked for: then the next beat asks.
        const known = new Set(one.kids);
        if ([...kidsOf(one.here)].every((kid) => known.has(kid))) one.here.version = version;
      }
    }
  }
}

const tenantsPerQuery = 500;

function kidsOf(here: TenantHere): Set<string> {
  return new Set([...here.outlets].flatMap(kidsOfOutlet));
}

function kidsOfOutlet(outlet: Outlet): string[] {
  return [...outlet.sessions].map((session) => session.kid);
}
