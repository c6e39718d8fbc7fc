import { ParleyError } from '@parley/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import { countedAs } from '../doors/client-address.ts';
import type { AppParts, HttpEnv } from './parts.ts';

/** Whose room requests take: whose they are is not known yet. */
const lane = 'http';
/** What is larger is refused before it is read. */
const mostBytes = 1024 * 1024;

/** Finds out where a request comes from, and refuses what floods, before anybody looks at it. */
export function arrival({ doors }: AppParts): MiddlewareHandler<HttpEnv> {
  const { addresses, limits, underWay } = doors;
  return async function arrive(c, next) {
    const forwardedFor = c.req.header('X-Forwarded-For');
    const address = countedAs(addresses.of({ peer: peerOf(c), forwardedFor }));
    c.set('address', address);
    await limits.spend('addressRequests', address);
    const bytes = Math.min(Number(c.req.header('Content-Length')) || 0, mostBytes);
    if (!underWay.enter(lane, bytes)) {
      throw new ParleyError('unavailable', { retryAfterMs: 1_000 });
    }
    try {
      await next();
    } finally {
      underWay.leave(lane, bytes);
    }
  };
}

/** The other end of the socket. */
export function peerOf(c: Context<HttpEnv>): string | undefined {
  return c.env?.incoming?.socket.remoteAddress;
}
