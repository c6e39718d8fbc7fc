import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isSoundUpgrade, pathOfUpgrade } from './upgrade-request.ts';

const usual = ['Host: chat.example', 'Sec-WebSocket-Version: 13'];
const server = createServer({ requireHostHeader: false });

beforeAll(async () => {
  server.on('upgrade', (request, stream) => {
    stream.end(`${isSoundUpgrade(request)} ${pathOfUpgrade(request)}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

/** What is made of a request: whether it is sound, and its path. */
async function readUpgrade(headers: readonly string[], line = 'GET /v1/ws HTTP/1.1') {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const socket = connect(address.port, address.address).setEncoding('utf8');
  const lines = [line, 'Connection: Upgrade', 'Upgrade: websocket', ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let read = '';
  socket.on('data', (text) => {
    read += String(text);
  });
  await once(socket, 'close');
  return read;
}

test.each([
  ['as browsers send it', []],
  ['with an empty body', ['Content-Length: 0']],
])('[GW25] an upgrade %s is sound', async (_what, more) => {
  expect(await readUpgrade([...usual, ...more])).toBe('true /v1/ws');
});

test.each([
  ['no Host', usual.slice(1)],
  ['two Hosts', [...usual, 'Host: evil.example']],
  ['no version', usual.slice(0, 1)],
  ['another version', ['Host: x', 'Sec-WebSocket-Version: 8']],
  ['another spelling of the version', ['Host: x', 'Sec-WebSocket-Version: 13.0']],
  ['two versions', [...usual, 'Sec-WebSocket-Version: 8']],
  ['a body', [...usual, 'Content-Length: 5']],
  ['a body in chunks', [...usual, 'Transfer-Encoding: chunked']],
])('[GW25] an upgrade with %s is not', async (_what, headers) => {
  expect(await readUpgrade(headers)).toBe('false /v1/ws');
});

test('[GW25] an upgrade of HTTP/1.0 is not', async () => {
  expect(await readUpgrade(usual, 'GET /v1/ws HTTP/1.0')).toBe('false /v1/ws');
});

test.each([
  ['/v1/ws?a=/b', '/v1/ws'],
  ['http://chat.example:80/v1/ws?a', '/v1/ws'],
  ['HTTPS://chat.example/x/v1/ws', '/x/v1/ws'],
  ['http://chat.example', ''],
])('[GW25] the path of %s is "%s"', async (address, path) => {
  expect(await readUpgrade(usual, `GET ${address} HTTP/1.1`)).toBe(`true ${path}`);
});
