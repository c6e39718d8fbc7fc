import { ParleyError } from '@parley/protocol';
import type { MiddlewareHandler } from 'hono';
import type { PageOrigin } from '../doors/origins.ts';
import { peerOf } from './arrival.ts';
import type { AppParts, HttpEnv } from './parts.ts';

const preflightSeconds = 600;

/**
 * Lets pages call the API that may, and refuses all others before anybody looks at their token.
 *
 * The rules are those of the sockets. No credentials are allowed, because there are none: tokens come
 * as a header, never as a cookie. Nor is a page of the internet let into a private network.
 */
export function pageAccess({ doors }: AppParts): MiddlewareHandler<HttpEnv> {
  const { origins } = doors;
  return async function admitPage(c, next) {
    const origin = await origins.admit({
      origin: c.req.header('Origin'),
      host: c.req.header('Host'),
      forwardedProto: c.req.header('X-Forwarded-Proto'),
      peer: peerOf(c),
    });
    if (origin === null) throw new ParleyError('origin_refused');
    c.set('origin', origin);
    const asksLeave = c.req.header('Access-Control-Request-Method') !== undefined;
    if (origin !== undefined && c.req.method === 'OPTIONS' && asksLeave) {
      c.res = new Response(null, { status: 204, headers: preflight });
    } else {
      await next();
    }
    if (origin !== undefined) allow(c.res.headers, origin);
  };
}

const preflight = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Request-Id',
  'Access-Control-Max-Age': String(preflightSeconds),
};

function allow(headers: Headers, origin: PageOrigin): void {
  headers.set('Access-Control-Allow-Origin', origin.value);
  headers.set('Access-Control-Expose-Headers', 'X-Request-Id, Retry-After');
}
