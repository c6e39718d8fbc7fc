import { newId } from '@parley/protocol';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from './parts.ts';

const acceptable = /^[A-Za-z0-9._-]{1,64}$/;

/** Names each request, in answers and logs; a proxy's own short, plain name is kept. */
export function requestId(): MiddlewareHandler<HttpEnv> {
  return async function nameRequest(c, next) {
    const given = c.req.header('X-Request-Id');
    const id = given !== undefined && acceptable.test(given) ? given : newId();
    c.set('requestId', id);
    await next();
    c.res.headers.set('X-Request-Id', id);
  };
}
