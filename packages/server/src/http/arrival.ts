import type { Context, MiddlewareHandler } from 'hono';
import { countedAs } from '../doors/client-address.ts';
import type { AppParts, HttpEnv } from './parts.ts';

/** Finds out where a request comes from, and refuses what floods, before anybody looks at it. */
export function arrival({ doors }: AppParts): MiddlewareHandler<HttpEnv> {
  const { addresses, limits } = doors;
  return async function arrive(c, next) {
    const forwardedFor = c.req.header('X-Forwarded-For');
    const address = countedAs(addresses.of({ peer: peerOf(c), forwardedFor }));
    c.set('address', address);
    limits.spend('addressRequests', address);
    await next();
  };
}

/** The other end of the socket. */
export function peerOf(c: Context<HttpEnv>): string | undefined {
  return c.env?.incoming?.socket.remoteAddress;
}
