import { expect, test } from 'vitest';
import { closePayload, frame, opcode } from './client-frame.ts';
import { ServerFrames } from './server-frames.ts';

const long = 'x'.repeat(126);
const [text, close] = [opcode.text, opcode.close];

/** A frame of a server: as a client's, but for the mask. */
function served(...parts: Parameters<typeof frame>): Buffer {
  return frame({ ...parts[0], masked: parts[0].masked ?? false });
}

function faultsOf(bytes: Buffer, size = bytes.length): string[] {
  const reader = new ServerFrames(() => {});
  for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
  return reader.faults;
}

test.each([
  ['a mask', served({ opcode: text, payload: 'x', masked: true }), /masked/],
  ['a reserved bit', served({ opcode: text, payload: 'x', rsv: 4 }), /reserved bit/],
  ['a reserved opcode', served({ opcode: 3 }), /reserved opcode 3/],
  ['a fragment', served({ opcode: text, fin: false }), /fragment/],
  ['a continuation', served({ opcode: opcode.continuation }), /fragment/],
  ['a binary frame', served({ opcode: opcode.binary }), /binary/],
  ['a long ping', served({ opcode: opcode.ping, payload: long }), /long control/],
  ['a long form', served({ opcode: text, payload: 'x', lengthBytes: 2 }), /header of 4/],
  ['a longer form', served({ opcode: text, payload: long, lengthBytes: 8 }), /header of 10/],
  ['bad UTF-8', served({ opcode: text, payload: Buffer.from([0xff]) }), /not UTF-8/],
  ['a close of a byte', served({ opcode: close, payload: 'x' }), /one byte/],
  [
    'a bad reason',
    served({ opcode: close, payload: closePayload(1000, Buffer.from([0xff])) }),
    /UTF-8/,
  ],
  [
    'more after a close',
    Buffer.concat([served({ opcode: close }), served({ opcode: text })]),
    /after/,
  ],
])('The reader finds %s', (_what, bytes, fault) => {
  for (const size of [bytes.length, 1, 3]) {
    expect(faultsOf(bytes, size)).toContainEqual(expect.stringMatching(fault));
  }
});

test.each([0, 125, 126, 65_535, 65_536])(
  'A good frame of %i bytes is read, however it comes',
  (length) => {
    const payload = Buffer.alloc(length, 'x');
    const bytes = Buffer.concat([
      served({ opcode: text, payload }),
      served({ opcode: opcode.pong }),
    ]);
    for (const size of [bytes.length, 1_000, 7]) {
      const got: number[] = [];
      const reader = new ServerFrames((one) => got.push(one.opcode, one.payload.length));
      for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
      expect(got).toEqual([text, length, opcode.pong, 0]);
      expect(reader.faults).toEqual([]);
      expect(reader.rest).toBe(0);
    }
  },
);
