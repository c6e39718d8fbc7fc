import { randomBytes } from 'node:crypto';

/** What a frame holds, of those a client sends. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** A frame towards a server: header, a random mask, the masked payload. */
export function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length > 0xffff) throw new RangeError(`a frame of ${length} bytes is too long for the load`);
  const header = length < 126 ? 2 : 4;
  const frame = Buffer.alloc(header + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | Math.min(length, 126);
  if (header === 4) frame.writeUInt16BE(length, 2);
  randomBytes(4).copy(frame, header);
  for (let i = 0; i < length; i++) {
    frame[header + 4 + i] = (payload[i] ?? 0) ^ (frame[header + (i & 3)] ?? 0);
  }
  return frame;
}

/** Where the payload of a frame made by `maskedFrame` begins. */
export function payloadStart(frame: Buffer): number {
  return ((frame[1] ?? 0) & 0x7f) < 126 ? 6 : 8;
}
