import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * A program for a process of its own: opens so many lines, says the bytes that it is given on each,
 * tells its parent when all have an answer, and holds them until it is ended.
 *
 * `node open-lines.ts <port> <count> <bytes in hex>`
 */
const [port = '', count = '', hex = ''] = process.argv.slice(2);
const together = 100;

for (let opened = 0; opened < Number(count); opened += together) {
  await Promise.all(Array.from({ length: together }, open));
}
process.send?.('open');

async function open(): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(Buffer.from(hex, 'hex'));
  await once(socket, 'data');
}
