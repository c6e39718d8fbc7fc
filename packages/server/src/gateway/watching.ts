import {
  type CommandResult,
  limits,
  ParleyError,
  type Presence,
  type Topic,
} from '@parley/protocol';
import type { Context } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import type { Looked, PresenceDesk } from '../presence/presence.ts';
import type { Scope } from '../scope.ts';
import { visibleUsers } from '../users/visible-users.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import type { Outlet } from './person.ts';
import { Relook } from './relook.ts';
import { WatchReviews } from './watch-reviews.ts';

interface WatchingParts {
  readonly hub: Hub;
  readonly presence: PresenceDesk;
  readonly db: Database;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
  readonly onError: (error: unknown) => void;
}

/** Which connection watches whom come and go. */
export class Watching {
  readonly #parts: WatchingParts;
  readonly #watching = new Map<Outlet, Connection>();
  readonly #reviews: WatchReviews<Connection>;
  readonly #relook: Relook;

  constructor(parts: WatchingParts) {
    const { hub, presence, db, turns, onError } = parts;
    this.#parts = parts;
    this.#relook = new Relook({ watchers: hub.watchers, presence, onError });
    presence.onSettled(() => this.#relook.add(hub.watchers.watched()));
    this.#reviews = new WatchReviews({
      watchersOf: (scope) => hub.outletsOf(scope).flatMap((one) => this.#watching.get(one) ?? []),
      visible: (scope, users) =>
        turns.take(scope.tenant, () => visibleUsers({ scope, db: db.of(scope.tenant) }, users)),
      unwatch: (connection, users) => this.unwatch(connection, users),
      onError,
    });
  }

  /** Watches these people; those whom the person may not see are absent from the answer. */
  async watch(
    ctx: Context,
    connection: Connection,
    users: readonly string[],
  ): Promise<CommandResult<'presence.watch'>> {
    const { visible, began } = await this.#ask(ctx, users);
    if (connection.state.status !== 'open') throw new ParleyError('hello_first');
    // Counted when nothing can come in between: watches of one connection may be under way at once.
    if (new Set([...connection.watched, ...visible]).size > limits.watchedPeople) {
      throw new ParleyError('too_many', {
        field: 'users',
        message: `One connection watches at most ${limits.watchedPeople} people. Unwatch some.`,
      });
    }
    for (const user of visible) connection.watched.add(user);
    const { outlet } = connection.state;
    this.#watching.set(outlet, connection);
    // Listen first, look second: who comes in between is told twice, never missed.
    this.#parts.hub.watchers.add(outlet, visible);
    // Somebody was removed while it was asked: that review has not seen these watches.
    if (this.#reviews.begun !== began) this.#reviews.add(ctx.scope, visible);
    const looked = await this.#parts.presence.look(ctx.scope, visible);
    return { users: this.#answer(ctx.scope.tenant, looked) };
  }

  unwatch(connection: Connection, users: Iterable<string>): void {
    const watched = [...users].filter((user) => connection.watched.delete(user));
    const { state } = connection;
    if (state.status !== 'open') return;
    this.#parts.hub.watchers.remove(state.outlet, watched);
    if (connection.watched.size === 0) this.#watching.delete(state.outlet);
  }

  /**
   * A person is out of a conversation: whom they could only see there they watch no longer, and who
   * could only see them there watches them no longer.
   */
  review(scope: Scope): void {
    const { tenant, user } = scope;
    this.#reviews.add(scope, this.#watchedBy(scope));
    for (const watcher of this.#parts.hub.watchers.of(scope)) {
      if (watcher.scope.user !== user)
        this.#reviews.add({ tenant, user: watcher.scope.user }, [user]);
    }
  }

  /** Whom somebody may find has changed: whom they no longer see they watch no longer. */
  reviewReach(topic: Topic): void {
    const outlets = [...this.#parts.hub.outletsAt(topic)].filter((one) => this.#watching.has(one));
    const people = new Map(outlets.map(({ scope }) => [scope.user, scope]));
    for (const scope of people.values()) this.#reviews.add(scope, this.#watchedBy(scope));
  }

  /** The bus carries these topics only from now on: what was said of them before may be missing. */
  hear(topics: readonly Topic[]): void {
    const { hub } = this.#parts;
    this.#relook.add(hub.watchers.watched(topics));
    for (const topic of topics) this.reviewReach(topic);
  }

  close(): void {
    this.#reviews.close();
    this.#relook.close();
  }

  #watchedBy(scope: Scope): string[] {
    const outlets = this.#parts.hub.outletsOf(scope);
    return outlets.flatMap((one) => [...(this.#watching.get(one)?.watched ?? [])]);
  }

  #answer(tenant: string, looked: readonly Looked[]): Presence[] {
    const { watchers } = this.#parts.hub;
    const users = watchers.answer(tenant, looked);
    const people = users.map(({ id }) => ({ tenant, user: id }));
    this.#relook.add(people.filter((one) => watchers.isDoubtful(one)));
    return users;
  }

  /** Asks again when somebody was removed meanwhile, a few times. */
  async #ask(ctx: Context, users: readonly string[]) {
    for (let asked = 1; ; asked++) {
      const began = this.#reviews.begun;
      const visible = [...(await visibleUsers(ctx, users))];
      if (this.#reviews.begun === began || asked === 3) return { visible, began };
    }
  }
}
