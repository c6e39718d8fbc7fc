import { type CommandResult, limits, ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { PresenceDesk } from '../presence/presence.ts';
import type { Scope } from '../scope.ts';
import { visibleUsers } from '../users/visible-users.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import type { Outlet } from './person.ts';

interface WatchingParts {
  readonly hub: Hub;
  readonly presence: PresenceDesk;
  readonly db: Database;
  readonly onError: (error: unknown) => void;
}

/** Which connection watches whom come and go. */
export class Watching {
  readonly #parts: WatchingParts;
  readonly #watching = new Map<Outlet, Connection>();

  constructor(parts: WatchingParts) {
    this.#parts = parts;
  }

  /** Watches these people; those whom the person may not see are absent from the answer. */
  async watch(
    ctx: Context,
    connection: Connection,
    users: readonly string[],
  ): Promise<CommandResult<'presence.watch'>> {
    const visible = [...(await visibleUsers(ctx, users))];
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
    return { users: await this.#parts.presence.look(ctx.scope, visible) };
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
  review({ tenant, user }: Scope): void {
    for (const [{ scope }, connection] of this.#watching) {
      if (scope.tenant !== tenant) continue;
      if (scope.user !== user && !connection.watched.has(user)) continue;
      const doubtful = scope.user === user ? [...connection.watched] : [user];
      this.#unwatchHidden(scope, connection, doubtful).catch(this.#parts.onError);
    }
  }

  async #unwatchHidden(
    scope: Scope,
    connection: Connection,
    users: readonly string[],
  ): Promise<void> {
    const visible = await visibleUsers({ scope, db: this.#parts.db.of(scope.tenant) }, users);
    this.unwatch(
      connection,
      users.filter((user) => !visible.has(user)),
    );
  }
}
