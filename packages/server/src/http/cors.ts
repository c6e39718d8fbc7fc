import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from './parts.ts';

const preflightSeconds = 600;

/**
 * Lets pages of the listed origins call; all others are left to the browser's same-origin rule.
 *
 * No credentials are allowed, because there are none: tokens come as a header, never as a cookie.
 */
export function cors(allowedOrigins: readonly string[]): MiddlewareHandler<HttpEnv> {
  const allowed = new Set(allowedOrigins);
  return async function allowOrigin(c, next) {
    const origin = c.req.header('Origin');
    const listed = origin !== undefined && allowed.has(origin);
    if (listed && c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method')) {
      c.res = new Response(null, {
        status: 204,
        headers: {
          'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
          'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Request-Id',
          'Access-Control-Max-Age': String(preflightSeconds),
        },
      });
    } else {
      await next();
    }
    if (allowed.size > 0) c.res.headers.append('Vary', 'Origin');
    if (!listed) return;
    c.res.headers.set('Access-Control-Allow-Origin', origin);
    c.res.headers.set('Access-Control-Expose-Headers', 'X-Request-Id, Retry-After');
  };
}
