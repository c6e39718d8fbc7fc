import { presenceTopic, type Topic } from '@parley/protocol';
import type { PresenceDesk } from '../presence/presence.ts';
import type { Scope } from '../scope.ts';
import type { Watchers } from './watchers.ts';

interface RelookParts {
  readonly watchers: Watchers;
  readonly presence: Pick<PresenceDesk, 'standings' | 'newsOf'>;
  readonly onError: (error: unknown) => void;
}

const usersPerLook = 1_000;
const retryMs = 1_000;

/** Looks again at people who are watched, after news of them may have been lost; tells what was. */
export class Relook {
  readonly #parts: RelookParts;
  readonly #waiting = new Set<Topic>();
  #isLooking = false;
  #closed = false;

  constructor(parts: RelookParts) {
    this.#parts = parts;
  }

  /** Who is looked at already is looked at again: what was asked for before may miss something. */
  add(people: Iterable<Scope>): void {
    for (const { tenant, user } of people) this.#waiting.add(presenceTopic(tenant, user));
    if (this.#isLooking || this.#closed || this.#waiting.size === 0) return;
    this.#isLooking = true;
    void this.#work();
  }

  close(): void {
    this.#closed = true;
  }

  async #work(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#closed) {
      const topics = [...this.#waiting].slice(0, usersPerLook);
      for (const topic of topics) this.#waiting.delete(topic);
      const people = this.#parts.watchers.watched(topics);
      const tenants = Map.groupBy(people, (one) => one.tenant);
      try {
        await Promise.all([...tenants].map(([tenant, some]) => this.#look(tenant, some)));
      } catch (error) {
        this.#parts.onError(error);
        this.#addLater(people);
      }
    }
    this.#isLooking = false;
  }

  async #look(tenant: string, people: readonly Scope[]): Promise<void> {
    const { watchers, presence } = this.#parts;
    const users = people.map(({ user }) => user);
    const standings = await presence.standings(tenant, users);
    // The store was slow, or is away: nobody else would ever tell what it does not know now.
    this.#addLater(people.filter(({ user }) => standings.get(user)?.turn === 0));
    const other = watchers.otherwise(tenant, standings);
    if (other.size === 0) return;
    for (const [user, news] of await presence.newsOf(tenant, other)) {
      watchers.hear(presenceTopic(tenant, user), news);
    }
  }

  #addLater(people: readonly Scope[]): void {
    if (people.length > 0) setTimeout(() => this.add(people), retryMs).unref();
  }
}
