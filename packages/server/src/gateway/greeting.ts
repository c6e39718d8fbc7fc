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
import type { Admission } from '../limits/admission.ts';
import type { PresenceDesk } from '../presence/presence.ts';
import type { Scope } from '../scope.ts';
import type { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import { type VerifiedToken, verifyToken } from '../tokens/verify-token.ts';
import type { Admissions } from '../users/admissions.ts';
import type { AdmittedUser } from '../users/admit-user.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';

interface GreetingParts {
  readonly keys: SigningKeys;
  readonly origins: Origins;
  readonly settings: TenantSettingsCache;
  readonly hub: Hub;
  readonly presence: PresenceDesk;
  readonly db: Database;
  readonly admissions: Admissions;
  readonly admission: Admission;
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
    const token = await verifyToken(this.#parts.keys, input.token, this.#parts.now());
    const scope = { tenant: token.tenant, user: token.user };
    await this.#checkOrigin(connection, scope);
    const { members_may = [] } = await this.#parts.settings.of(scope.tenant);
    // Meanwhile the socket may have closed, or a second hello been faster.
    if (connection.state.status !== 'greeting') throw noLongerGreeting();
    const { user, me, role, epoch } = await this.#enterInTurn(connection, scope, token);
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

  /** Waits for its turn where many come together; who would wait too long comes back later. */
  async #enterInTurn(connection: Connection, scope: Scope, token: VerifiedToken) {
    const { admission } = this.#parts;
    await admission.enter(scope.tenant).catch((error: unknown) => {
      setImmediate(() => connection.close('overloaded'));
      throw error;
    });
    try {
      if (connection.state.status !== 'greeting') throw noLongerGreeting();
      return await this.#enter(connection, scope, token);
    } finally {
      admission.leave();
    }
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
    const { hub, presence, admissions, now } = this.#parts;
    const session = sessionOf(token, this.#parts.now());
    const outlet = connection.join(scope, session);
    const admission = token.name === undefined ? {} : { name: token.name };
    try {
      const joined = hub.join(outlet);
      const [admitted, epoch] = await Promise.all([
        admissions.admit({ scope, session }, admission),
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
