import { limits } from '@parley/protocol';
import { frame, opcode, textFrame } from '../kit/client-frame.ts';
import { RawSocket } from '../kit/raw-socket.ts';
import { upgradeRequest } from '../kit/raw-web-socket.ts';

/** A client that has not said who it is, and what it does instead. */
export interface Newcomer {
  readonly what: string;
  /** Whether it gets as far as a WebSocket. */
  readonly upgrades: boolean;
  /** Sends this when the line is up, or when it is upgraded. */
  readonly first?: Buffer;
  /** And then this piece by piece, a little at a time. */
  readonly drip?: Buffer;
}

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const hello = textFrame(JSON.stringify({ id: 1, type: 'hello', token: 'x'.repeat(200) }));
const ping = frame({ opcode: opcode.ping, payload: 'still here' });
const nonsense = textFrame('{"id":1,"type":"ping"}');

function repeated(piece: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => piece));
}

/** The ways to stay without saying hello. */
export function newcomers(port: number): readonly Newcomer[] {
  const request = Buffer.from(upgradeRequest(port, { key }));
  const long = request.subarray(0, -2);
  return [
    { what: 'a line on which nothing comes', upgrades: false },
    { what: 'half of a request', upgrades: false, first: long },
    { what: 'a request byte by byte', upgrades: false, drip: request },
    {
      what: 'headers without end',
      upgrades: false,
      first: long,
      drip: repeated(Buffer.from('X-More: 1\r\n'), 100),
    },
    { what: 'an upgrade and silence', upgrades: true },
    {
      what: 'an upgrade and most of a long hello',
      upgrades: true,
      first: textFrame('x'.repeat(limits.helloBytes - 100)).subarray(0, -20),
    },
    { what: 'an upgrade and pings', upgrades: true, drip: repeated(ping, 20) },
    { what: 'an upgrade and other commands', upgrades: true, drip: repeated(nonsense, 20) },
    { what: 'a hello byte by byte', upgrades: true, drip: hello },
    {
      what: 'a message in endless frames',
      upgrades: true,
      first: textFrame('').fill(0x01, 0, 1),
      drip: repeated(frame({ opcode: opcode.continuation, fin: false, payload: 'x' }), 100),
    },
  ];
}

/** Connects a newcomer; a WebSocket is answered with 101 before this resolves. */
export async function arrive(port: number, one: Newcomer, from: string): Promise<RawSocket> {
  const line = await RawSocket.connect(port, { from });
  if (one.upgrades) {
    line.write(upgradeRequest(port, { key }));
    const head = await line.takeUntil('\r\n\r\n');
    if (head?.startsWith('HTTP/1.1 101 ') !== true) {
      line.destroy();
      throw new Error(`the upgrade was answered with ${head?.split('\r\n')[0] ?? 'nothing'}`);
    }
  }
  if (one.first !== undefined) line.write(one.first);
  return line;
}
