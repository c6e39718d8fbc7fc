import { type CommandInput, type CommandResult, limits, ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';
import type { PresenceDesk } from '../presence/presence.ts';
import type { Scope } from '../scope.ts';
import type { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import { verifyToken } from '../tokens/verify-token.ts';
import { admitUser } from '../users/admit-user.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';

interface GreetingParts {
  readonly keys: SigningKeys;
  readonly settings: TenantSettingsCache;
  readonly hub: Hub;
  readonly presence: PresenceDesk;
  readonly contextOf: (scope: Scope) => Context;
  readonly readEpoch: () => Promise<string>;
  readonly now: () => number;
}

/** Turns a fresh connection into somebody's: token, person, presence, place in the hub. */
export class Greeting {
  readonly #parts: GreetingParts;

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  async hello(
    connection: Connection,
    input: CommandInput<'hello'>,
  ): Promise<CommandResult<'hello'>> {
    if (connection.state.status !== 'greeting') {
      throw new ParleyError('bad_request', { message: 'Hello was said already.' });
    }
    connection.heard();
    const { keys, hub, presence, now } = this.#parts;
    const token = await this.#orClose(connection, () => verifyToken(keys, input.token, now()));
    const scope = { tenant: token.tenant, user: token.user };
    await this.#checkOrigin(connection, scope);
    const admission = token.name === undefined ? {} : { name: token.name };
    const { user, me } = await this.#orClose(connection, () =>
      admitUser(this.#parts.contextOf(scope), admission),
    );
    const epoch = await this.#parts.readEpoch();
    const exit = await presence.enter(scope);
    // Meanwhile the socket may have closed, or a second hello been faster.
    if (!isGreeting(connection)) {
      exit();
      throw new ParleyError('bad_request', { message: 'The connection is no longer greeting.' });
    }
    const outlet = connection.open(scope, exit, token.expiresAt - now());
    try {
      await hub.join(outlet);
    } catch (error) {
      setImmediate(() => connection.close('overloaded'));
      throw error;
    }
    return {
      user,
      me,
      epoch,
      heartbeat_ms: limits.heartbeatMs,
      server_time: new Date(now()).toISOString(),
      expires_at: new Date(token.expiresAt).toISOString(),
    };
  }

  /** Goes on with a new token of the same person, on the same connection. */
  async refresh(
    connection: Connection,
    input: CommandInput<'token.refresh'>,
  ): Promise<CommandResult<'token.refresh'>> {
    const token = await verifyToken(this.#parts.keys, input.token, this.#parts.now());
    const { state } = connection;
    if (state.status !== 'open') throw new ParleyError('hello_first');
    if (token.tenant !== state.scope.tenant || token.user !== state.scope.user) {
      throw new ParleyError('unauthorized', {
        message: 'The token is of another person. Connect anew to change who you are.',
      });
    }
    connection.extend(token.expiresAt - this.#parts.now());
    return { expires_at: new Date(token.expiresAt).toISOString() };
  }

  /** A refused token is answered, then the connection is closed: 4001 says to come back with another. */
  async #orClose<T>(connection: Connection, check: () => Promise<T>): Promise<T> {
    try {
      return await check();
    } catch (error) {
      if (error instanceof ParleyError && error.code === 'unauthorized') {
        setImmediate(() => connection.close('unauthorized'));
      }
      throw error;
    }
  }

  async #checkOrigin(connection: Connection, scope: Scope): Promise<void> {
    const { origin } = connection;
    if (origin === undefined || origin.trusted) return;
    const settings = await this.#parts.settings.of(scope.tenant);
    if (settings.allowed_origins?.includes(origin.value) === true) return;
    setImmediate(() => connection.close('originRefused'));
    throw new ParleyError('origin_refused');
  }
}

function isGreeting(connection: Connection): boolean {
  return connection.state.status === 'greeting';
}
