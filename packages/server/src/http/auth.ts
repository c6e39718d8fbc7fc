import { createHash, timingSafeEqual } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import { authenticateApiKey } from '../tenants/authenticate-api-key.ts';
import { verifyToken } from '../tokens/verify-token.ts';
import { admitUser } from '../users/admit-user.ts';
import type { AppParts, HttpEnv } from './parts.ts';

/** Passes only the operator of the installation; throws `unauthorized`. */
export function requireOperator({ config }: AppParts): MiddlewareHandler<HttpEnv> {
  return async function authenticateOperator(c, next) {
    if (!isOperator(c, config.operatorKey)) throw new ParleyError('unauthorized');
    await next();
  };
}

/** Passes only a tenant's own server, and says which tenant; throws `unauthorized`. */
export function requireApiKey({ db }: AppParts): MiddlewareHandler<HttpEnv> {
  return async function authenticateTenant(c, next) {
    const { tenant } = await authenticateApiKey(db, bearer(c));
    c.set('tenant', tenant);
    await next();
  };
}

/**
 * Passes only a person with a user token, and makes what actions work with.
 *
 * Someone new becomes a user here as at a socket's hello. Throws `unauthorized`.
 */
export function requireUser(parts: AppParts): MiddlewareHandler<HttpEnv> {
  const { db, bus, append, now, keys } = parts;
  return async function authenticatePerson(c, next) {
    const { tenant, user, name } = await verifyToken(keys, bearer(c), now());
    const scope = { tenant, user };
    await admitUser({ db, scope }, name === undefined ? {} : { name });
    c.set('ctx', { scope, db, bus, append, now });
    await next();
  };
}

/** Whether the request carries the operator key. */
export function isOperator(c: Context<HttpEnv>, operatorKey: string): boolean {
  const given = findBearer(c);
  // Hashed first: equal lengths, and the time says nothing about how much was right.
  return given !== undefined && timingSafeEqual(digest(given), digest(operatorKey));
}

function bearer(c: Context<HttpEnv>): string {
  const given = findBearer(c);
  if (given === undefined) {
    throw new ParleyError('unauthorized', {
      message: 'Send a token or key as `Authorization: Bearer ...`.',
    });
  }
  return given;
}

function findBearer(c: Context<HttpEnv>): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(c.req.header('Authorization') ?? '')?.[1];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
