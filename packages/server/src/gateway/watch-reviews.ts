import { setTimeout } from 'node:timers/promises';
import type { Scope } from '../scope.ts';

/** What watches people: a connection. */
interface Watcher {
  readonly watched: ReadonlySet<string>;
}

interface WatchReviewsOptions<W extends Watcher> {
  /** The connections of a person that watch somebody. */
  readonly watchersOf: (scope: Scope) => readonly W[];
  /** Those of these people whom the person may see; waits for a turn at the database. */
  readonly visible: (scope: Scope, users: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly unwatch: (connection: W, users: Iterable<string>) => void;
  readonly onError: (error: unknown) => void;
}

interface Review {
  readonly scope: Scope;
  readonly doubtful: Set<string>;
}

const retryMs = 1_000;
const usersPerQuestion = 1_000;

/**
 * Asks anew who may still watch whom, after somebody has left a conversation.
 *
 * What is asked for one person is gathered and asked in one question for all their connections, one
 * question of a tenant at a time and in its turn: whoever leaves forty groups must not hold up others.
 */
export class WatchReviews<W extends Watcher> {
  readonly #options: WatchReviewsOptions<W>;
  /** By tenant and person; a tenant that stands here is being worked on. */
  readonly #waiting = new Map<string, Map<string, Review>>();
  #begun = 0;
  #closed = false;

  constructor(options: WatchReviewsOptions<W>) {
    this.#options = options;
  }

  /** Grows with each review: who asked before one began may know too little. */
  get begun(): number {
    return this.#begun;
  }

  /** Whether the person may see these is to be asked again. */
  add(scope: Scope, users: readonly string[]): void {
    this.#begun++;
    if (users.length === 0) return;
    const waiting = this.#waiting.get(scope.tenant);
    const people = waiting ?? new Map<string, Review>();
    const review = people.get(scope.user) ?? { scope, doubtful: new Set() };
    for (const user of users) review.doubtful.add(user);
    people.set(scope.user, review);
    if (waiting !== undefined) return;
    this.#waiting.set(scope.tenant, people);
    void this.#work(scope.tenant, people);
  }

  close(): void {
    this.#closed = true;
  }

  async #work(tenant: string, people: Map<string, Review>): Promise<void> {
    for (;;) {
      const [review] = people.values();
      if (review === undefined || this.#closed) break;
      people.delete(review.scope.user);
      try {
        await this.#look(review);
      } catch (error) {
        this.#options.onError(error);
        await setTimeout(retryMs, undefined, { ref: false });
        this.add(review.scope, [...review.doubtful]);
      }
    }
    this.#waiting.delete(tenant);
  }

  async #look({ scope, doubtful }: Review): Promise<void> {
    const { watchersOf, visible, unwatch } = this.#options;
    const watched = new Set(watchersOf(scope).flatMap((one) => [...one.watched]));
    const users = [...doubtful].filter((user) => watched.has(user));
    for (let from = 0; from < users.length; from += usersPerQuestion) {
      const asked = users.slice(from, from + usersPerQuestion);
      const seen = await visible(scope, asked);
      const hidden = asked.filter((user) => !seen.has(user));
      for (const connection of watchersOf(scope)) unwatch(connection, hidden);
    }
  }
}
