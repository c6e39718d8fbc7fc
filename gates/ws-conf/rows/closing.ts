import { closeFrame, closePayload, frame, opcode } from '../../kit/client-frame.ts';
import { ask, bothRows, ends, fragments, label, ping, type Row, row, text } from '../row.ts';

const closing = (payload: Buffer): Buffer => frame({ opcode: opcode.close, payload });

const handshake = [
  ...bothRows('7.1.1', 'a close is answered with its code', () => ({
    send: [closeFrame(1000, 'bye')],
    ends: [1000],
  })),
  row('7.1.2', 'a second close is ignored', () => ({
    send: [closeFrame(1000), closeFrame(1001)],
    ends: [1000],
  })),
  row('7.1.3', 'a ping after the close is not answered', () => ({
    send: [closeFrame(1000), ping('late')],
    ends: [1000],
  })),
  row('7.1.4', 'a text after the close is not carried out', () => ({
    send: [closeFrame(1000), text(ask(1))],
    ends: [1000],
  })),
  row('7.1.5', 'a close inside a message ends it', () => {
    const [first = Buffer.alloc(0)] = fragments(ask(1), [9]);
    return { send: [first, closeFrame(1000)], ends: [1000] };
  }),
  row('7.1.6', 'a question just before the close may be answered, but not after it', () => ({
    send: [text(ask(1)), closeFrame(1000)],
    answers: [label.reply(1)],
    ends: [1000],
  })),
  ...bothRows('7.3.1', 'a close without a code is answered', () => ({
    send: [closing(Buffer.alloc(0))],
    ends: [1005, 1000],
  })),
  ...bothRows('7.3.2', 'a close of one byte is a fault', () => ({
    send: [closing(Buffer.from([3]))],
    ends: ends.protocolError,
  })),
  row('7.3.3', 'a close with a code alone is answered', () => ({
    send: [closeFrame(1000)],
    ends: [1000],
  })),
  row('7.3.4', 'a close with the longest reason is answered', () => ({
    send: [closeFrame(1000, '*'.repeat(123))],
    ends: [1000],
  })),
  row('7.3.5', 'a close with too long a reason is a fault', () => ({
    send: [closeFrame(1000, '*'.repeat(124))],
    ends: ends.protocolError,
  })),
  row('7.3.6', 'a close told in 2 bytes of length is a fault', () => ({
    send: [frame({ opcode: opcode.close, payload: closePayload(1000), lengthBytes: 2 })],
    ends: ends.protocolError,
  })),
];

const goodCodes = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
].map((code) =>
  row(`7.7.${code}`, `a close with ${code} is answered with it`, () => ({
    send: [closeFrame(code, 'reason')],
    ends: [code],
  })),
);

const badCodes = [
  0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32_768, 65_535,
].map((code) =>
  row(`7.9.${code}`, `a close with ${code} is a fault`, () => ({
    send: [closeFrame(code)],
    ends: ends.protocolError,
  })),
);

/** A client that does not do its part: the server cuts the line by itself. */
const lingering = [
  ['7.10.1', 'after a protocol fault', () => frame({ opcode: 3 }), ends.protocolError],
  ['7.10.2', 'after text that is not UTF-8', () => text(Buffer.from([0xff])), ends.notUtf8],
  ['7.10.3', 'after a frame too large', () => text('', { told: 2n ** 40n }), ends.tooLarge],
  ['7.10.4', 'after a binary frame', () => frame({ opcode: opcode.binary }), ends.notOurs],
  ['7.10.5', 'after a close', () => closeFrame(1000), [1000]],
] as const;

const lingeringRows = lingering.flatMap(([id, when, make, codes]) =>
  bothRows(id, `a client that keeps the line ${when} is cut off`, () => ({
    send: [make()],
    ends: codes,
    lingers: true,
  })),
);

/** The line ends in the middle: nothing to answer, nothing to keep. */
const hangUps = (['end', 'reset'] as const).flatMap((hangsUp) => [
  ...bothRows(`7.11.${hangsUp}`, `a line that ends (${hangsUp}) inside a frame is let go`, () => ({
    send: [text(ask(1)).subarray(0, 9)],
    ends: [],
    hangsUp,
  })),
  ...bothRows(`7.12.${hangsUp}`, `a line that ends (${hangsUp}) between frames is let go`, () => ({
    send: [],
    ends: [],
    hangsUp,
  })),
]);

/** Section 7: closing. */
export const closingRows: readonly Row[] = [
  ...handshake,
  ...goodCodes,
  ...badCodes,
  ...lingeringRows,
  ...hangUps,
];
