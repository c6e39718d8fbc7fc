import type { MiddlewareHandler } from 'hono';
import { closedHeaders } from '../doors/door-headers.ts';
import type { HttpEnv } from './parts.ts';

/** Headers of every answer: `always`, and a closed policy where the handler has set none. */
export function securityHeaders(
  always: Readonly<Record<string, string>>,
): MiddlewareHandler<HttpEnv> {
  return async function setSecurityHeaders(c, next) {
    await next();
    const { headers } = c.res;
    for (const [name, value] of Object.entries(always)) headers.set(name, value);
    for (const [name, value] of Object.entries(closedHeaders)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    // For caches that keep what they must not: at least nobody gets another's.
    if (c.req.path.startsWith('/v1/')) headers.append('Vary', 'Origin, Authorization');
  };
}

/** What the chat page does not use, no script that gets into it can. */
export const pageFeatures = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'usb',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

interface PagePolicyOptions {
  readonly publicUrl: URL | undefined;
  /** Where the page was asked for. */
  readonly host: string | undefined;
  /** Origins whose pages may show it in a frame. */
  readonly framedBy: readonly string[];
}

/**
 * The policy of the chat page: its own files, pictures from the web, its own server.
 *
 * A socket's origin is spelled out because not every browser counts `ws:` as 'self'.
 */
export function pagePolicy({ publicUrl, host, framedBy }: PagePolicyOptions): string {
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
    `frame-ancestors ${framedBy.length === 0 ? "'none'" : framedBy.join(' ')}`,
    "require-trusted-types-for 'script'",
  ].join('; ');
}
