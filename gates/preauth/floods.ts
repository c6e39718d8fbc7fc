import { gzipSync } from 'node:zlib';
import { limits } from '@parley/protocol';
import { frame, opcode, textFrame } from '../kit/client-frame.ts';
import { contract } from '../kit/contract.ts';
import type { Installed } from '../kit/installation.ts';
import { RawSocket } from '../kit/raw-socket.ts';
import { RawWebSocket, readHead, upgradeRequest } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';

/** CPU that one of these may cost, in milliseconds. */
const mostMs = 50;
/** What all of them together may leave in memory while they are there. */
const mostBytes = 24 * 1024 * 1024;
const answerMs = 8_000;
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const mebibyte = 1024 * 1024;

interface Flood {
  readonly what: string;
  /** Answers what went wrong, or undefined. */
  send(installed: Installed, from: string): Promise<string | undefined>;
}

const endless = (text: string, bytes: number): Buffer => Buffer.alloc(bytes, text);

/** Requests with more in their heads than anybody needs. */
const heads: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a subprotocol of many names', { 'Sec-WebSocket-Protocol': 'a,'.repeat(6_000) }],
  ['a subprotocol of blanks', { 'Sec-WebSocket-Protocol': `a${' '.repeat(12_000)}b` }],
  ['extensions of many names', { 'Sec-WebSocket-Extensions': 'a;b=1,'.repeat(2_000) }],
  ['extensions of quotes', { 'Sec-WebSocket-Extensions': `a; b="${'\\"'.repeat(6_000)}` }],
  ['a long key', { 'Sec-WebSocket-Key': 'A'.repeat(12_000) }],
  ['forwarded for thousands', { 'X-Forwarded-For': '10.0.0.1,'.repeat(1_400) }],
  ['a long origin', { Origin: `http://${'a'.repeat(12_000)}` }],
];

const floods: readonly Flood[] = [
  ...heads.map(
    ([what, headers]): Flood => ({
      what,
      async send({ port }, from) {
        const line = await RawSocket.connect(port, { from });
        line.write(upgradeRequest(port, { key, headers }));
        const head = await headOf(line);
        return head !== undefined && head < 500 ? undefined : `answered with ${head}`;
      },
    }),
  ),
  ...(
    [
      ['thousands of headers', `GET /v1/ws HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(200_000)}`],
      ['a header without end', `GET /v1/ws HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(4 * mebibyte)}`],
      ['an address without end', `GET /${'a'.repeat(4 * mebibyte)}`],
      ['a method without end', 'G'.repeat(4 * mebibyte)],
      ['no HTTP at all', endless('\u0016\u0003\u0001\u0002', 4 * mebibyte).toString('latin1')],
    ] as const
  ).map(
    ([what, text]): Flood => ({
      what,
      async send({ port }, from) {
        const line = await RawSocket.connect(port, { from });
        line.write(Buffer.from(text, 'latin1'));
        const began = performance.now();
        const status = await headOf(line);
        if (performance.now() - began > 2_000) return 'it was read for more than 2 s';
        return status === undefined || (status >= 400 && status < 500)
          ? undefined
          : `answered with ${status}`;
      },
    }),
  ),
  ...[limits.helloBytes + 1, 2 ** 31, 2 ** 52].map(
    (told): Flood => ({
      what: `a first frame told with ${told} bytes`,
      send: ({ port }, from) =>
        closes(port, from, [
          frame({ opcode: opcode.text, told: BigInt(told), lengthBytes: 8 }),
          Buffer.alloc(limits.helloBytes),
        ]),
    }),
  ),
  {
    what: 'a first message in endless frames',
    send: ({ port }, from) =>
      closes(port, from, [
        frame({ opcode: opcode.text, fin: false, payload: 'x' }),
        ...Array.from({ length: 3_000 }, () =>
          frame({ opcode: opcode.continuation, fin: false, payload: 'x' }),
        ),
      ]),
  },
  {
    what: 'thousands of pings before hello',
    send: ({ port }, from) =>
      closes(
        port,
        from,
        Array.from({ length: 5_000 }, () => frame({ opcode: opcode.ping, payload: 'ping' })),
      ),
  },
  {
    what: 'thousands of commands before hello',
    send: ({ port }, from) =>
      closes(
        port,
        from,
        Array.from({ length: 2_000 }, () => textFrame('{"id":1,"type":"ping"}')),
      ),
  },
  {
    what: 'a compressed message of zeros',
    async send({ port }, from) {
      const line = await RawSocket.connect(port, { from });
      line.write(
        upgradeRequest(port, {
          key,
          headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
        }),
      );
      const head = await readHead(line);
      if (head?.headers.has('sec-websocket-extensions')) return 'compression was agreed to';
      const socket = new RawWebSocket(line);
      socket.write(
        frame({
          opcode: opcode.text,
          rsv: 4,
          payload: gzipSync(Buffer.alloc(8 * mebibyte)).subarray(10, 16_000),
        }),
      );
      await socket.until(() => socket.closeCode !== undefined, answerMs);
      line.destroy();
      return socket.closeCode === 1002 ? undefined : `closed with ${socket.closeCode}`;
    },
  },
  {
    what: 'a compressed body of zeros',
    async send({ call }, from) {
      const { status } = await call('POST', '/v1/tenants', {
        from,
        body: gzipSync(Buffer.alloc(32 * mebibyte)).subarray(0, contract.frameBytes),
        headers: { 'Content-Encoding': 'gzip' },
      });
      return status === 401 || status === 415 ? undefined : `answered with ${status}`;
    },
  },
  {
    what: 'a body without end',
    async send({ port }, from) {
      const line = await RawSocket.connect(port, { from });
      line.write(
        'POST /v1/tenants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n',
      );
      line.write(endless('x', 8 * mebibyte));
      const status = await headOf(line);
      return status === 401 || status === 413 ? undefined : `answered with ${status}`;
    },
  },
];

/** One flood after the other: each is refused, cheaply, and leaves nothing. */
export async function sendFloods(run: Run, installed: Installed): Promise<void> {
  const { inside } = installed;
  let most = 0;
  const before = await inside.collected();
  let highest = before.rss;
  for (const [index, { what, send }] of floods.entries()) {
    const costs: number[] = [];
    for (let time = 0; time < 3; time++) {
      const begun = await inside.now();
      const fault = await send(installed, `127.2.0.${1 + index}`);
      const ended = await inside.now();
      if (fault !== undefined) run.fail(`${what}: ${fault}`);
      costs.push(ended.threadMs - begun.threadMs);
      highest = Math.max(highest, ended.rss);
      if (Math.min(...costs) <= mostMs / 2) break;
    }
    const cost = Math.min(...costs);
    if (cost > most) run.note('dearest flood', `${what} (${cost.toFixed(1)} ms of CPU)`);
    most = Math.max(most, cost);
    run.expect(cost <= mostMs, `${what} takes ${cost.toFixed(0)} ms of CPU`);
  }
  const after = await inside.collected();
  run.note('MiB at the highest, above before', ((highest - before.rss) / mebibyte).toFixed(1));
  run.expect(
    after.rss - before.rss <= mostBytes,
    `the floods left ${Math.round((after.rss - before.rss) / mebibyte)} MiB`,
  );
}

/** The status of the answer, or undefined when the line ends or is cut without one. */
async function headOf(line: RawSocket): Promise<number | undefined> {
  const late = setTimeout(() => line.destroy(), answerMs);
  const head = await readHead(line);
  clearTimeout(late);
  line.destroy();
  return head?.status;
}

/** A WebSocket that gets this before hello is closed at once. */
async function closes(
  port: number,
  from: string,
  frames: readonly Buffer[],
): Promise<string | undefined> {
  const socket = await RawWebSocket.open(port, { from });
  const began = performance.now();
  for (const one of frames) socket.write(one);
  await socket.until(() => socket.closeCode !== undefined, answerMs);
  const ms = performance.now() - began;
  socket.line.destroy();
  // A closed line may be cut before its last frame is read.
  if (socket.closeCode === undefined && !socket.line.over) return 'it was let go on';
  return ms < contract.helloMs - 1_500 ? undefined : `it was closed after ${Math.round(ms)} ms`;
}
