import { closeFrame, frame, opcode } from '../../kit/client-frame.ts';
import { ask, bothRows, ends, fragments, label, ping, pong, type Row, row, text } from '../row.ts';

const longest = Buffer.alloc(125, 0xfe);

/** Section 2: pings are answered with their payload; pongs are not answered. */
const pings = [
  ...bothRows('2.1', 'an empty ping is answered', () => ({
    send: [ping()],
    answers: [label.pong('')],
  })),
  ...bothRows('2.2', 'a ping is answered with its text', () => ({
    send: [ping('Hello')],
    answers: [label.pong('Hello')],
  })),
  row('2.3', 'a ping of bytes that are no UTF-8 is answered with them', () => ({
    send: [ping(Buffer.from([0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff]))],
    answers: [label.pong(Buffer.from([0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff]))],
  })),
  row('2.4', 'a ping of 125 bytes is answered', () => ({
    send: [ping(longest)],
    answers: [label.pong(longest)],
  })),
  ...bothRows('2.5', 'a ping of 126 bytes is a fault', () => ({
    send: [ping(Buffer.alloc(126, 0xfe))],
    ends: ends.protocolError,
  })),
  row('2.6', 'a ping told in 2 bytes of length is a fault', () => ({
    send: [ping('Hello', { lengthBytes: 2 })],
    ends: ends.protocolError,
  })),
  row('2.7', 'a pong that nobody asked for is ignored', () => ({ send: [pong()] })),
  row('2.8', 'a pong with a payload is ignored', () => ({ send: [pong('unsolicited')] })),
  row('2.9', 'a ping after such a pong is answered', () => ({
    send: [pong('unsolicited'), ping('p')],
    answers: [label.pong('p')],
  })),
  row('2.10', 'ten pings are answered in order', () => ({
    send: Array.from({ length: 10 }, (_, index) => ping(`ping ${index}`)),
    answers: Array.from({ length: 10 }, (_, index) => label.pong(`ping ${index}`)),
  })),
  row('2.11', 'a pong of 126 bytes is a fault', () => ({
    send: [pong(Buffer.alloc(126))],
    ends: ends.protocolError,
  })),
];

const named = Object.entries(opcode);

/** Section 3: reserved bits belong to extensions, and none was agreed on. */
const reservedBits = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv) =>
  named.map(([name, code]) =>
    row(`3.${rsv}.${name}`, `reserved bits ${rsv} in a ${name} frame are a fault`, () => ({
      send: [frame({ opcode: code, payload: code === opcode.close ? '' : '{}', rsv })],
      ends: ends.protocolError,
    })),
  ),
);

const reservedBitsLater = [
  row('3.8', 'a reserved bit in the second text is a fault', () => ({
    send: [text(ask(1)), text(ask(2), { rsv: 2 }), ping()],
    answers: [label.reply(1)],
    ends: ends.protocolError,
  })),
  row('3.9', 'a reserved bit in a continuation is a fault', () => ({
    send: [
      text('{"id":1,', { fin: false }),
      frame({ opcode: opcode.continuation, payload: '"type":"ping"}', rsv: 4 }),
    ],
    ends: ends.protocolError,
  })),
];

/** Section 4: reserved opcodes. */
const reservedOpcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((code) => [
  ...bothRows(`4.1.${code}`, `opcode ${code} is a fault`, () => ({
    send: [frame({ opcode: code })],
    ends: ends.protocolError,
  })),
  row(`4.2.${code}`, `opcode ${code} with a payload after a text is a fault`, () => ({
    send: [text(ask(1)), frame({ opcode: code, payload: 'reserved' }), ping()],
    answers: [label.reply(1)],
    ends: ends.protocolError,
  })),
  row(`4.3.${code}`, `opcode ${code} inside a message is a fault`, () => ({
    send: [text('{"id":1,', { fin: false }), frame({ opcode: code, payload: 'reserved' })],
    ends: ends.protocolError,
  })),
]);

/** RFC 6455, 5.1: a server closes when a frame is not masked. */
const unmasked = named.flatMap(([name, code]) =>
  bothRows(`4.4.${name}`, `a ${name} frame without a mask is a fault`, () => ({
    send: [frame({ opcode: code, payload: code === opcode.close ? '' : 'x', masked: false })],
    ends: ends.protocolError,
  })),
);

const splitControls = [
  row('5.1', 'a ping in two frames is a fault', () => ({
    send: [ping('one', { fin: false }), frame({ opcode: opcode.continuation, payload: 'two' })],
    ends: ends.protocolError,
  })),
  row('5.2', 'a pong in two frames is a fault', () => ({
    send: [pong('one', { fin: false }), frame({ opcode: opcode.continuation, payload: 'two' })],
    ends: ends.protocolError,
  })),
  row('5.3', 'a close in two frames is a fault', () => ({
    send: [frame({ opcode: opcode.close, fin: false })],
    ends: ends.protocolError,
  })),
  row('5.4', 'a ping between the frames of a text is answered', () => {
    const [first = none, second = none] = fragments(ask(1), [9]);
    return { send: [first, ping('in'), second], answers: [label.pong('in'), label.reply(1)] };
  }),
  row('5.5', 'many pings between the frames of a text are answered', () => {
    const parts = fragments(ask(1), [3, 9, 12, 15]);
    return {
      send: parts.flatMap((part, index) => [part, ping(`${index}`)]),
      answers: [label.reply(1), ...parts.map((_, index) => label.pong(`${index}`))],
    };
  }),
  row('5.6', 'a close between the frames of a text ends the connection', () => {
    const [first = none, second = none] = fragments(ask(1), [9]);
    return { send: [first, closeFrame(1000), second], ends: [1000] };
  }),
];

const none = Buffer.alloc(0);

export const controlRows: readonly Row[] = [
  ...pings,
  ...reservedBits,
  ...reservedBitsLater,
  ...reservedOpcodes,
  ...unmasked,
  ...splitControls,
];
