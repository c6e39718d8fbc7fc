import {
  type CloseReason,
  type CommandInput,
  type CommandResult,
  limits,
  ParleyError,
} from '@parley/protocol';
import { AccessEnded, closeReasonOf } from '../access/access-ended.ts';
import { readAccess } from '../access/read-access.ts';
import { sessionOf } from '../access/session-of.ts';
import type { Database } from '../db/database.ts';
import type { Origins } from '../doors/origins.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import type { PresenceDesk } from '../presence/presence.ts';
import type { Scope } from '../scope.ts';
import type { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import { type VerifiedToken, verifyToken } from '../tokens/verify-token.ts';
import { type AdmittedUser, admitUser } from '../users/admit-user.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';

interface GreetingParts {
  readonly keys: SigningKeys;
  readonly origins: Origins;
  readonly settings: TenantSettingsCache;
  readonly hub: Hub;
  readonly presence: PresenceDesk;
  readonly db: Database;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
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
    const token = await this.#verify(connection, input.token);
    const scope = { tenant: token.tenant, user: token.user };
    await this.#checkOrigin(connection, scope);
    const { members_may = [] } = await this.#parts.settings.of(scope.tenant);
    // Meanwhile the socket may have closed, or a second hello been faster.
    if (connection.state.status !== 'greeting') throw noLongerGreeting();
    const { user, me, role, epoch } = await this.#enter(connection, scope, token);
    return {
      user,
      me,
      role,
      members_may,
      epoch,
      heartbeat_ms: limits.heartbeatMs,
      server_time: new Date(this.#parts.now()).toISOString(),
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
    const { scope } = state;
    if (token.tenant !== scope.tenant || token.user !== scope.user) {
      throw new ParleyError('unauthorized', {
        message: 'The token is of another person. Connect anew to change who you are.',
      });
    }
    const session = sessionOf(token, this.#parts.now());
    // Listen first, check second: see `#enter`.
    connection.consider(session);
    try {
      const { fault } = await readAccess({ scope, session, db: this.#parts.db.of(scope.tenant) });
      if (fault !== null) throw new AccessEnded(fault);
    } catch (error) {
      connection.dismiss(session);
      const reason = error instanceof AccessEnded ? closeReasonOf(error.fault) : undefined;
      // Of a token that is no good, the one before may still be.
      if (reason === 'accessEnded') setImmediate(() => connection.close(reason));
      throw error;
    }
    connection.renew(session, token.expiresAt - this.#parts.now());
    return { expires_at: new Date(token.expiresAt).toISOString() };
  }

  /**
   * Puts the connection into the hub, and opens it when access still stands.
   *
   * Listen first, check second: an end of access that is committed before the check is seen by it; of
   * a later one the hub hears, and this connection is there to fall. What it hears in between is held.
   */
  async #enter(
    connection: Connection,
    scope: Scope,
    token: VerifiedToken,
  ): Promise<AdmittedUser & { readonly epoch: string }> {
    const { hub, presence, db, turns, now } = this.#parts;
    const session = sessionOf(token, this.#parts.now());
    const outlet = connection.join(scope, session);
    const admission = token.name === undefined ? {} : { name: token.name };
    try {
      const joined = hub.join(outlet);
      const [admitted, epoch] = await Promise.all([
        turns.take(scope.tenant, () =>
          admitUser({ scope, session, db: db.of(scope.tenant) }, admission),
        ),
        this.#parts.readEpoch(),
        joined,
      ]);
      requireJoining(connection);
      const exit = await presence.enter(scope, hub.blocksOf(scope));
      try {
        requireJoining(connection);
      } catch (error) {
        exit('at once');
        throw error;
      }
      connection.open(outlet, session, exit, token.expiresAt - now());
      return { ...admitted, epoch };
    } catch (error) {
      hub.leave(outlet);
      connection.unjoin();
      setImmediate(() => connection.close(refusalOf(error)));
      throw error;
    }
  }

  /** A refused token is answered, then the connection is closed: 4001 says to come back with another. */
  async #verify(connection: Connection, token: string): Promise<VerifiedToken> {
    try {
      return await verifyToken(this.#parts.keys, token, this.#parts.now());
    } catch (error) {
      if (error instanceof ParleyError && error.code === 'unauthorized') {
        setImmediate(() => connection.close('unauthorized'));
      }
      throw error;
    }
  }

  async #checkOrigin(connection: Connection, scope: Scope): Promise<void> {
    const { origin } = connection;
    if (await this.#parts.origins.serves(origin, scope.tenant)) return;
    setImmediate(() => connection.close('originRefused'));
    throw new ParleyError('origin_refused');
  }
}

function requireJoining({ state, refused, closing }: Connection): void {
  if (refused !== undefined) throw new AccessEnded(refused);
  if (state.status !== 'joining' || closing) throw noLongerGreeting();
}

function noLongerGreeting(): ParleyError {
  return new ParleyError('bad_request', { message: 'The connection is no longer greeting.' });
}

function refusalOf(error: unknown): CloseReason {
  if (error instanceof AccessEnded) return closeReasonOf(error.fault);
  if (error instanceof ParleyError && error.code === 'too_many') return 'tooManyConnections';
  return 'overloaded';
}
