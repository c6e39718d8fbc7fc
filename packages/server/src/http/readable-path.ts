import { ParleyError } from '@parley/protocol';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from './parts.ts';

/** Refuses an address that does not decode: a half-read id would name somebody else. */
export function readablePath(): MiddlewareHandler<HttpEnv> {
  return async function refuseUnreadable(c, next) {
    const { pathname } = new URL(c.req.url);
    try {
      decodeURIComponent(pathname);
    } catch (cause) {
      throw new ParleyError('bad_request', {
        message: 'The address is not percent-encoded UTF-8. Encode ids with encodeURIComponent.',
        cause,
      });
    }
    await next();
  };
}
