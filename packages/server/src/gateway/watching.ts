import { type CommandResult, limits, ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';
import type { PresenceDesk } from '../presence/presence.ts';
import { visibleUsers } from '../users/visible-users.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';

/** Which connection watches whom come and go. */
export class Watching {
  readonly #hub: Hub;
  readonly #presence: PresenceDesk;

  constructor(hub: Hub, presence: PresenceDesk) {
    this.#hub = hub;
    this.#presence = presence;
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
    // Listen first, look second: who comes in between is told twice, never missed.
    this.#hub.watchers.add(connection.state.outlet, visible);
    return { users: await this.#presence.look(ctx.scope, visible) };
  }

  unwatch(connection: Connection, users: Iterable<string>): void {
    const watched = [...users].filter((user) => connection.watched.delete(user));
    if (connection.state.status === 'open')
      this.#hub.watchers.remove(connection.state.outlet, watched);
  }
}
