import { ParleyError } from '@parley/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import { requireAccess } from '../access/require-access.ts';
import { sessionOf } from '../access/session-of.ts';
import { demoTenant } from '../demo/people.ts';
import { answerInTime } from '../limits/answer-in-time.ts';
import { type Operation, operationPolicy } from '../policy/operation-policy.ts';
import type { ApiKeyScope, Right } from '../policy/right.ts';
import { verifyToken } from '../tokens/verify-token.ts';
import { admitUser } from '../users/admit-user.ts';
import { bearer, isOperator } from './bearer.ts';
import { isLocal } from './is-local.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { requireOwnPage } from './within-limits.ts';

/**
 * Lets those in whom the policy table names for an operation, and says who they are.
 *
 * Every route has one; a person who is new becomes a user here as at a socket's hello. Throws
 * `unauthorized`, or `not_allowed` for a key without the scope.
 */
export function guard(parts: AppParts, operation: Operation): MiddlewareHandler<HttpEnv> {
  const right: Right = operationPolicy[operation];
  const authenticate: MiddlewareHandler<HttpEnv> = async (c, next) => {
    c.set('admittedAt', parts.now());
    const began = performance.now();
    await answerInTime(admit(parts, right, c));
    c.set('guardMs', performance.now() - began);
    await next();
  };
  guarded.set(authenticate, operation);
  return authenticate;
}

/** An answer that is older than this, in milliseconds, is asked for again. */
const freshMs = 100;

/**
 * Asks once more, just before the work begins, when the request has waited since it was let in.
 *
 * Bodies may come drop by drop, and turns late: what was taken back meanwhile would still act, and
 * make itself a signing key that lasts. Throws `unauthorized`.
 */
export function stillAdmitted(parts: AppParts, operation: Operation): MiddlewareHandler<HttpEnv> {
  const right: Right = operationPolicy[operation];
  return async function askAgain(c, next) {
    if (parts.now() - c.get('admittedAt') >= freshMs) await admitAgain(parts, right, c);
    await next();
  };
}

const guarded = new WeakMap<object, Operation>();

/** The operation that a route's handler guards; nothing for any other handler. */
export function operationOf(handler: object): Operation | undefined {
  return guarded.get(handler);
}

async function admit(parts: AppParts, right: Right, c: Context<HttpEnv>): Promise<void> {
  switch (right.who) {
    case 'anyone':
      // Of the API these are the demo's, whose tenant alone they are about.
      await requireOwnPage(parts, c, demoTenant.id);
      return;
    case 'local or operator':
      if (!isLocal(c)) await admitOperator(parts, c);
      return;
    case 'operator':
      await admitOperator(parts, c);
      return;
    case 'key':
      await admitKey(parts, right.scope, c);
      return;
    case 'key or operator':
      if (isOperator(c, parts.config.operatorKey)) await admitOperator(parts, c);
      else await admitKey(parts, right.scope, c);
      return;
    case 'person':
      await admitPerson(parts, c);
  }
}

async function admitAgain(parts: AppParts, right: Right, c: Context<HttpEnv>): Promise<void> {
  switch (right.who) {
    case 'key':
    case 'key or operator':
      if (c.get('actor').kind === 'key') await parts.apiKeys.admit(bearer(c), right.scope);
      return;
    case 'person':
      await requireAccess(c.get('ctx').db.sql, c.get('ctx'));
      return;
    // Nothing that could be taken back while this server runs.
    case 'anyone':
    case 'operator':
    case 'local or operator':
  }
}

async function admitOperator(parts: AppParts, c: Context<HttpEnv>): Promise<void> {
  if (!isOperator(c, parts.config.operatorKey)) throw new ParleyError('unauthorized');
  // The installation is no tenant's: no page that only tenants list speaks for it.
  await requireOwnPage(parts, c, '');
  c.set('actor', { kind: 'operator' });
}

async function admitKey(parts: AppParts, scope: ApiKeyScope, c: Context<HttpEnv>): Promise<void> {
  const { tenant, id } = await parts.apiKeys.admit(bearer(c), scope);
  await parts.doors.limits.spend('keyRequests', `${tenant} ${id}`);
  await requireOwnPage(parts, c, tenant);
  c.set('tenant', tenant);
  c.set('actor', { kind: 'key', id });
}

async function admitPerson(parts: AppParts, c: Context<HttpEnv>): Promise<void> {
  const { db, bus, append, now, keys, doors } = parts;
  const token = await verifyToken(keys, bearer(c), now());
  const { name } = token;
  const scope = { tenant: token.tenant, user: token.user };
  const ctx = {
    scope,
    session: sessionOf(token, now()),
    db: db.of(scope.tenant),
    bus,
    append,
    now,
  };
  await doors.limits.spend('personRequests', `${scope.tenant} ${scope.user}`);
  await requireOwnPage(parts, c, scope.tenant);
  await doors.turns.take(scope.tenant, () => admitUser(ctx, name === undefined ? {} : { name }));
  c.set('ctx', ctx);
}
