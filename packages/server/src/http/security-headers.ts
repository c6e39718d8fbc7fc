import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from './parts.ts';

const yearSeconds = 31_536_000;

/** Headers of every answer. A handler's own Cache-Control and policy stay. */
export function securityHeaders(publicUrl: URL | undefined): MiddlewareHandler<HttpEnv> {
  const always: Readonly<Record<string, string>> = {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    ...(publicUrl?.protocol === 'https:'
      ? { 'Strict-Transport-Security': `max-age=${yearSeconds}` }
      : {}),
  };
  const unlessSet: Readonly<Record<string, string>> = {
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'private, no-store',
  };
  return async function setSecurityHeaders(c, next) {
    await next();
    const { headers } = c.res;
    for (const [name, value] of Object.entries(always)) headers.set(name, value);
    for (const [name, value] of Object.entries(unlessSet)) {
      if (!headers.has(name)) headers.set(name, value);
    }
  };
}

/**
 * The policy of the chat page: its own files, pictures from the web, its own server.
 *
 * `host` is where the page was asked for; a socket's origin is spelled out because not every
 * browser counts `ws:` as 'self'.
 */
export function pagePolicy(publicUrl: URL | undefined, host: string | undefined): string {
  const sockets = new Set<string>();
  if (publicUrl !== undefined) {
    sockets.add(`${publicUrl.protocol === 'https:' ? 'wss' : 'ws'}://${publicUrl.host}`);
  }
  // The header comes from outside: anything but a plain host stays out of the policy.
  if (host !== undefined && /^(?:[A-Za-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) {
    sockets.add(`ws://${host}`).add(`wss://${host}`);
  }
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob: https:",
    ["connect-src 'self'", ...sockets].join(' '),
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}
