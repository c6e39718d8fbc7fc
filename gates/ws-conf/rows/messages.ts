import { frame, opcode } from '../../kit/client-frame.ts';
import { contract } from '../../kit/contract.ts';
import { ask, askOfLength, ends, fragmentsOf, label, type Row, row, text } from '../row.ts';

const { frameBytes } = contract;

/** Section 1: whole messages of every length form. */
const wholeTexts = [125, 126, 127, 128, 300, 65_535, frameBytes].map((length, index) =>
  row(`1.1.${index + 1}`, `a text of ${length} bytes is read`, () => ({
    send: [text(askOfLength(1, length))],
    answers: [label.reply(1)],
  })),
);

const oddTexts = [
  ['an empty text', ''],
  ['blanks', '  '],
  ['no JSON', '{'],
  ['JSON that is no object', '[]'],
  ['a byte order mark before the object', Buffer.from('\ufeff{"id":1,"type":"ping"}')],
].map(([what = '', payload = ''], index) =>
  row(`1.2.${index + 1}`, `${what} is refused and the connection goes on`, () => ({
    send: [text(payload)],
    answers: [label.error(undefined, 'bad_request')],
  })),
);

/** Our contract has no binary frames. */
const binary = [0, 1, 125, 126, 65_535, frameBytes].map((length, index) =>
  row(`1.3.${index + 1}`, `a binary frame of ${length} bytes ends the connection`, () => ({
    send: [frame({ opcode: opcode.binary, payload: Buffer.alloc(length, 0xfe) })],
    ends: ends.notOurs,
  })),
);

/** Section 9: the limit, to the byte, however the message comes. */
const inFragments = [64, 256, 1_000, 4_096, 16_384, 32_768, 65_535].flatMap((size, index) => [
  row(`9.1.${index + 1}`, `a text of the largest size comes in frames of ${size}`, () => ({
    send: fragmentsOf(askOfLength(1, frameBytes), size),
    answers: [label.reply(1)],
  })),
  row(`9.2.${index + 1}`, `one byte more in frames of ${size} is too large`, () => ({
    send: fragmentsOf(askOfLength(1, frameBytes + 1), size),
    ends: ends.tooLarge,
  })),
]);

const tooLong = [frameBytes + 1, 2 * frameBytes].flatMap((length, index) => [
  row(`9.3.${index + 1}`, `a frame of ${length} bytes is too large`, () => ({
    send: [text(askOfLength(1, length))],
    ends: ends.tooLarge,
  })),
  row(`9.4.${index + 1}`, `a binary frame of ${length} bytes is too large`, () => ({
    send: [frame({ opcode: opcode.binary, payload: Buffer.alloc(length) })],
    ends: ends.tooLarge,
  })),
]);

const toldLengths = [
  BigInt(frameBytes + 1),
  2n ** 24n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
].map((told, index) =>
  row(`9.5.${index + 1}`, `a told length of ${told} is refused before the bytes come`, () => ({
    send: [text('', { told, lengthBytes: 8 })],
    ends: ends.tooLarge,
  })),
);

const negativeLengths = [2n ** 63n, 2n ** 64n - 1n].map((told, index) =>
  row(`9.6.${index + 1}`, `a length with the highest bit, ${told}, is refused`, () => ({
    send: [text('', { told, lengthBytes: 8 })],
    ends: [...ends.protocolError, ...ends.tooLarge],
  })),
);

/** RFC 6455 wants the shortest form of senders and does not say what receivers do. */
const longForms = ([2, 8] as const).map((lengthBytes, index) =>
  row(
    `9.7.${index + 1}`,
    `a short text told in ${lengthBytes} bytes of length harms nobody`,
    () => ({
      send: [text(ask(1), { lengthBytes })],
      answers: [label.reply(1)],
      ends: ends.protocolError,
      mayGoOn: true,
    }),
  ),
);

const manyMessages = [
  row('9.8.1', 'a hundred messages in one go are each answered', () => ({
    send: Array.from({ length: 100 }, (_, index) => text(ask(index + 1))),
    answers: Array.from({ length: 100 }, (_, index) => label.reply(index + 1)),
  })),
  row('10.1.1', 'a text of the largest size comes in frames of 1,300', () => ({
    send: fragmentsOf(askOfLength(1, frameBytes), 1_300),
    answers: [label.reply(1)],
  })),
];

export const messageRows: readonly Row[] = [
  ...wholeTexts,
  ...oddTexts,
  ...binary,
  ...inFragments,
  ...tooLong,
  ...toldLengths,
  ...negativeLengths,
  ...longForms,
  ...manyMessages,
];
