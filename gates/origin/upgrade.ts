import { type IncomingMessage, request } from 'node:http';
import { WebSocket } from 'ws';

interface UpgradeOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Opens a socket as a page of this origin and says hello.
 *
 * Answers `hello` when that is answered, the status of a refused upgrade, or the closing code.
 */
export async function upgrade(
  port: number,
  origin: string | readonly string[],
  token: string,
  { headers = {} }: UpgradeOptions = {},
): Promise<string> {
  const path = '/v1/ws';
  if (typeof origin !== 'string') return statusOf(port, path, origin);
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { ...headers, Origin: origin },
  });
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_, response: IncomingMessage) => {
      response.destroy();
      resolve(String(response.statusCode));
    });
    socket.on('error', (error) => resolve(`error: ${error.message}`));
    socket.on('open', () => socket.send(JSON.stringify({ id: 1, type: 'hello', token })));
    socket.on('message', (data) => {
      if (!String(data).startsWith('{"id":1,"result"')) return;
      resolve('hello');
      socket.close();
    });
    socket.on('close', (code) => resolve(String(code)));
  });
}

/** Several Origin headers, which no WebSocket client sends. */
function statusOf(port: number, path: string, origins: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({
      port,
      host: '127.0.0.1',
      path,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        Origin: [...origins],
      },
    });
    call.on('response', (response) => {
      response.destroy();
      resolve(String(response.statusCode));
    });
    call.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve('101');
    });
    call.on('error', reject);
    call.end();
  });
}
