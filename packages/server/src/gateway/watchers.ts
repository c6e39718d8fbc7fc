import { presenceTopic, type Topic } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { Outlet } from './person.ts';

/** Which connections want to know who comes and goes. */
export class Watchers {
  readonly #bus: Bus;
  readonly #watchers = new Map<Topic, Set<Outlet>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  of(topic: Topic): Iterable<Outlet> {
    return this.#watchers.get(topic) ?? [];
  }

  add(outlet: Outlet, users: Iterable<string>): void {
    for (const user of users) {
      const topic = presenceTopic(outlet.scope.tenant, user);
      const watchers = this.#watchers.get(topic);
      if (watchers !== undefined) {
        watchers.add(outlet);
      } else {
        this.#watchers.set(topic, new Set([outlet]));
        this.#bus.subscribe(topic);
      }
    }
  }

  remove(outlet: Outlet, users: Iterable<string>): void {
    for (const user of users) {
      const topic = presenceTopic(outlet.scope.tenant, user);
      const watchers = this.#watchers.get(topic);
      if (watchers === undefined || !watchers.delete(outlet) || watchers.size > 0) continue;
      this.#watchers.delete(topic);
      this.#bus.unsubscribe(topic);
    }
  }
}
