import { presenceTopic, type Topic } from '@parley/protocol';
import type { Bus, Fleeting } from '../bus/bus.ts';
import type { Scope } from '../scope.ts';
import type { Outlet } from './person.ts';
import { textFrame } from './text-frame.ts';

interface WatchersOptions {
  readonly bus: Bus;
  /** Whom a person who is connected here blocks. */
  readonly blocksOf: (scope: Scope) => ReadonlySet<string>;
}

/** Which connections want to know who comes and goes. */
export class Watchers {
  readonly #bus: Bus;
  readonly #blocksOf: (scope: Scope) => ReadonlySet<string>;
  readonly #watchers = new Map<Topic, Set<Outlet>>();

  constructor({ bus, blocksOf }: WatchersOptions) {
    this.#bus = bus;
    this.#blocksOf = blocksOf;
  }

  /** Tells those who watch, but for those who block the person, or whom the person blocks. */
  tell(topic: Topic, { frame, except, sender, only }: Fleeting): void {
    const watchers = this.#watchers.get(topic);
    if (watchers === undefined) return;
    const spared = new Set(except);
    const framed = textFrame(frame);
    for (const outlet of watchers) {
      const { scope } = outlet;
      if (spared.has(scope.user) || (only !== undefined && only !== scope.user)) continue;
      if (sender !== undefined && this.#blocksOf(scope).has(sender)) continue;
      outlet.send(framed);
    }
  }

  /** Who watches this person. */
  of({ tenant, user }: Scope): readonly Outlet[] {
    return [...(this.#watchers.get(presenceTopic(tenant, user)) ?? [])];
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
