import { ParleyError } from '@parley/protocol';

/**
 * The address of the socket: `https://chat.example.com/x` becomes `wss://chat.example.com/x/v1/ws`.
 *
 * Throws `bad_request` for what is no http or ws address.
 */
export function socketAddress(url: string): string {
  const match = /^(https?|wss?):\/\/[^/?#]+[^?#]*/i.exec(url.trim());
  if (match === null) {
    throw new ParleyError('bad_request', {
      field: 'url',
      message: '`url` must be the address of the server, such as https://chat.example.com.',
    });
  }
  return `${match[0].replace(/^http/i, 'ws').replace(/\/+$/, '')}/v1/ws`;
}
