import { expect, it } from 'vitest';
import { FrameReader } from './frame-reader.ts';

/** A server's text frame: small, medium or large header as the length asks. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x81;
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

it('finds every frame, wherever the network cuts', () => {
  const small = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'];
  for (const step of [1, 2, 3, 7, 127]) expect(readInSteps(small, step)).toEqual(small);
  const large = ['a', 'b'.repeat(65_535), 'c'.repeat(70_000), 'd'];
  for (const step of [9_999, 65_536, 200_000]) expect(readInSteps(large, step)).toEqual(large);
});

function readInSteps(texts: readonly string[], step: number): string[] {
  const bytes = Buffer.concat(texts.map(frame));
  const reader = new FrameReader();
  const read: string[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    const chunk = Buffer.from(bytes.subarray(at, at + step));
    reader.read(chunk, (opcode, buffer, start, end) => {
      expect(opcode).toBe(1);
      read.push(buffer.toString('utf8', start, end));
    });
    // The load reads into one buffer over and over: what the reader keeps must be a copy.
    chunk.fill(0);
  }
  return read;
}
