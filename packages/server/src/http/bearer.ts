import { createHash, timingSafeEqual } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import type { HttpEnv } from './parts.ts';

/** Whether the request carries the operator key. */
export function isOperator(c: Context<HttpEnv>, operatorKey: string): boolean {
  const given = findBearer(c);
  // Hashed first: equal lengths, and the time says nothing about how much was right.
  return given !== undefined && timingSafeEqual(digest(given), digest(operatorKey));
}

/** The token or key of the request. Throws `unauthorized` when there is none. */
export function bearer(c: Context<HttpEnv>): string {
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
