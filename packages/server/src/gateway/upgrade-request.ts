import type { IncomingMessage } from 'node:http';

/** The path that an upgrade asks for, without its query; an address may come whole (RFC 9112, 3.2.2). */
export function pathOfUpgrade(request: IncomingMessage): string {
  const [address = ''] = (request.url ?? '').split('?');
  return address.replace(/^https?:\/\/[^/]*/i, '');
}

/**
 * Whether it is a request that RFC 6455 lets be upgraded, beyond what `ws` looks at.
 *
 * Node hands an upgrade over before it has asked for what HTTP/1.1 wants of every request: one Host,
 * which the page's origin is compared to, and no body, whose bytes would be read as frames here and
 * as something else by a proxy in between.
 */
export function isSoundUpgrade(request: IncomingMessage): boolean {
  const { httpVersion, headers, headersDistinct } = request;
  return (
    httpVersion === '1.1' &&
    headersDistinct['host']?.length === 1 &&
    headers['sec-websocket-version'] === '13' &&
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] ?? '0') === '0'
  );
}
