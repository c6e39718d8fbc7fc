import { firstRequestId } from './send-template.ts';

/** What one frame of the server says, as far as the load cares. `n`: a message's number. */
export type Heard =
  | { readonly type: 'ack'; readonly n: number }
  | { readonly type: 'message'; readonly n: number; readonly seq: number }
  | { readonly type: 'other' };

const created = Buffer.from('{"event":"message.created"');
const idMarker = Buffer.from('"message":{"id":"');
const seqMarker = Buffer.from('"seq":');
const resultMarker = Buffer.from(',"result":');
const replyStart = '{"id":'.length;
const other: Heard = { type: 'other' };

/**
 * Reads a frame by its fixed marks instead of parsing its JSON: the load must cost little.
 *
 * Whatever does not look exactly like an acknowledgement or a new message is `other`.
 */
export function scan(bytes: Buffer, start: number, end: number): Heard {
  switch (bytes[start + 2]) {
    case 0x65: // "e" of "event"
      return scanMessage(bytes, start, end);
    case 0x69: // "i" of "id"
      return scanAck(bytes, start, end);
    default:
      return other;
  }
}

function scanMessage(bytes: Buffer, start: number, end: number): Heard {
  if (bytes.compare(created, 0, created.length, start, start + created.length) !== 0) return other;
  const id = bytes.indexOf(idMarker, start + created.length) + idMarker.length;
  const seq = bytes.indexOf(seqMarker, id) + seqMarker.length;
  if (id < idMarker.length || seq < seqMarker.length || seq > end) return other;
  return { type: 'message', n: readHex(bytes, id + 24, id + 36), seq: readNumber(bytes, seq) };
}

function scanAck(bytes: Buffer, start: number, end: number): Heard {
  const at = start + replyStart;
  const n = readNumber(bytes, at) - firstRequestId;
  const result = at + String(firstRequestId).length;
  if (n < 0 || result + resultMarker.length > end) return other;
  const isResult =
    bytes.compare(resultMarker, 0, resultMarker.length, result, result + resultMarker.length) === 0;
  return isResult ? { type: 'ack', n } : other;
}

function readNumber(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from; ; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}

function readHex(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    value = value * 16 + (byte >= 0x61 ? byte - 0x57 : byte - 0x30);
  }
  return value;
}
