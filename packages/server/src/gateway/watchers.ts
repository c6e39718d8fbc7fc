import { type FleetingEvent, type Presence, presenceTopic, type Topic } from '@parley/protocol';
import type { Bus, Fleeting, PresenceNews } from '../bus/bus.ts';
import type { Looked } from '../presence/presence.ts';
import type { Standing } from '../presence/store/store.ts';
import type { Scope } from '../scope.ts';
import type { Outlet } from './person.ts';
import { textFrame } from './text-frame.ts';

interface WatchersOptions {
  readonly bus: Bus;
  /** Whom a person who is connected here blocks. */
  readonly blocksOf: (scope: Scope) => ReadonlySet<string>;
}

/** A person whom somebody here watches. */
interface Watched {
  readonly scope: Scope;
  readonly outlets: Set<Outlet>;
  /** What those who watch were told, or answered; nothing yet at first. */
  shown: (Standing & { readonly lastSeenAt: string | null }) | undefined;
  /** An answer differed from what the others were told before: they are to be told, too. */
  untold: boolean;
}

/**
 * Which connections want to know who comes and goes, and what they know.
 *
 * News comes late, twice and in disorder: what is older than what was shown is dropped, what changes
 * nothing is not told.
 */
export class Watchers {
  readonly #bus: Bus;
  readonly #blocksOf: (scope: Scope) => ReadonlySet<string>;
  readonly #watched = new Map<Topic, Watched>();

  constructor({ bus, blocksOf }: WatchersOptions) {
    this.#bus = bus;
    this.#blocksOf = blocksOf;
  }

  /** Tells those who watch, but for those who block the person, or whom the person blocks. */
  tell(topic: Topic, { frame, except, sender, only }: Omit<Fleeting, 'type'>): void {
    const watched = this.#watched.get(topic);
    if (watched === undefined) return;
    const spared = new Set(except);
    const framed = textFrame(frame);
    for (const outlet of watched.outlets) {
      const { scope } = outlet;
      if (spared.has(scope.user) || (only !== undefined && only !== scope.user)) continue;
      if (sender !== undefined && this.#blocksOf(scope).has(sender)) continue;
      outlet.send(framed);
    }
  }

  /** A person came or went: tells it, if it is news. */
  hear(topic: Topic, { user, online, lastSeenAt, turn, except }: PresenceNews): void {
    const watched = this.#watched.get(topic);
    if (watched === undefined) return;
    const { shown, untold } = watched;
    if (shown !== undefined && turn < shown.turn) return;
    watched.shown = { online, turn, lastSeenAt };
    watched.untold = false;
    if (shown?.online === online && !untold) return;
    const event: FleetingEvent = { event: 'presence', user, online, last_seen_at: lastSeenAt };
    this.tell(topic, { sender: user, except, frame: JSON.stringify(event) });
  }

  /** What one who watches is answered: what was looked up, or heard since. */
  answer(tenant: string, looked: readonly Looked[]): Presence[] {
    return looked.map(({ presence, turn }) => {
      const watched = this.#watched.get(presenceTopic(tenant, presence.id));
      if (watched === undefined || turn === null) return presence;
      const { id, online, last_seen_at } = presence;
      const { shown } = watched;
      if (shown !== undefined && turn < shown.turn) {
        return { id, online: shown.online, last_seen_at: shown.lastSeenAt ?? last_seen_at };
      }
      // One asked for while the news of it is on its way, or was lost.
      if (shown !== undefined && shown.online !== online) watched.untold = true;
      watched.shown = { online, turn, lastSeenAt: last_seen_at };
      return presence;
    });
  }

  /** Those of these people who are otherwise than those who watch know. */
  otherwise(
    tenant: string,
    standings: ReadonlyMap<string, Standing>,
  ): ReadonlyMap<string, Standing> {
    const other = new Map<string, Standing>();
    for (const [user, standing] of standings) {
      const watched = this.#watched.get(presenceTopic(tenant, user));
      // A guess tells nothing that those who watch do not know better.
      if (watched?.shown === undefined || standing.turn === 0) continue;
      const { shown, untold } = watched;
      if (standing.turn < shown.turn) continue;
      if (standing.online !== shown.online || untold) other.set(user, standing);
      else watched.shown = { ...shown, turn: standing.turn };
    }
    return other;
  }

  /** Whether those who watch were told different things, or only a guess. */
  isDoubtful(scope: Scope): boolean {
    const watched = this.#watched.get(presenceTopic(scope.tenant, scope.user));
    return watched?.untold === true || watched?.shown?.turn === 0;
  }

  /** Everybody who is watched here, or of these topics. */
  watched(topics: Iterable<Topic> = this.#watched.keys()): readonly Scope[] {
    return [...topics].flatMap((topic) => this.#watched.get(topic)?.scope ?? []);
  }

  /** Who watches this person. */
  of({ tenant, user }: Scope): readonly Outlet[] {
    return [...(this.#watched.get(presenceTopic(tenant, user))?.outlets ?? [])];
  }

  add(outlet: Outlet, users: Iterable<string>): void {
    const { tenant } = outlet.scope;
    for (const user of users) {
      const topic = presenceTopic(tenant, user);
      const watched = this.#watched.get(topic);
      if (watched !== undefined) {
        watched.outlets.add(outlet);
        continue;
      }
      const outlets = new Set([outlet]);
      this.#watched.set(topic, {
        scope: { tenant, user },
        outlets,
        shown: undefined,
        untold: false,
      });
      this.#bus.subscribe(topic);
    }
  }

  remove(outlet: Outlet, users: Iterable<string>): void {
    for (const user of users) {
      const topic = presenceTopic(outlet.scope.tenant, user);
      const watched = this.#watched.get(topic);
      if (watched === undefined || !watched.outlets.delete(outlet)) continue;
      if (watched.outlets.size > 0) continue;
      this.#watched.delete(topic);
      this.#bus.unsubscribe(topic);
    }
  }
}
