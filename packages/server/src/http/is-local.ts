import type { Context } from 'hono';
import type { HttpEnv } from './parts.ts';

const proxyHeaders = ['Forwarded', 'Via', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP'];

const loopbackHost = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/**
 * Whether a request comes from a program on this machine.
 *
 * A proxy on this machine brings strangers over loopback: whatever passed one is not local, nor what
 * asks for this server by a name of the network. A page that points a name of its own at this machine
 * is told by that name, too.
 */
export function isLocal(c: Context<HttpEnv>): boolean {
  if (!loopbackHost.test(c.req.header('Host') ?? '')) return false;
  if (proxyHeaders.some((name) => c.req.header(name) !== undefined)) return false;
  const address = c.env?.incoming?.socket.remoteAddress ?? '';
  return address === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);
}
