import { randomBytes } from 'node:crypto';

export const opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** A frame as a client may send it, right or wrong (RFC 6455, 5.2). */
export interface FrameParts {
  readonly opcode: number;
  readonly payload?: string | Buffer;
  /** The last of its message; true unless said otherwise. */
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly rsv?: number;
  /** A server fails a connection whose frames are not masked. */
  readonly masked?: boolean;
  /** How many bytes of length there are, beyond need or not. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** The length that is told, where it is not the payload's. */
  readonly told?: bigint;
}

/** The bytes of a frame. */
export function frame(parts: FrameParts): Buffer {
  const { fin = true, rsv = 0, masked = true } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const told = parts.told ?? BigInt(payload.length);
  const lengthBytes = parts.lengthBytes ?? (told < 126n ? 0 : told < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | parts.opcode;
  head[1] =
    (masked ? 0x80 : 0) | (lengthBytes === 0 ? Number(told) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(told), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(told, 2);
  if (!masked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  for (let at = 0; at < payload.length; at++)
    payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return Buffer.concat([head, mask, payload]);
}

export function textFrame(payload: string | Buffer): Buffer {
  return frame({ opcode: opcode.text, payload });
}

/** A close frame with a code and a reason. */
export function closeFrame(code: number, reason: string | Buffer = ''): Buffer {
  return frame({ opcode: opcode.close, payload: closePayload(code, reason) });
}

export function closePayload(code: number, reason: string | Buffer = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}
