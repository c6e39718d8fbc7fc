import { frame, opcode } from '../../kit/client-frame.ts';
import { ask, ends, fragments, label, ping, type Row, row, text } from '../row.ts';

const continuation = (payload: string, fin = true): Buffer =>
  frame({ opcode: opcode.continuation, payload, fin });
const begin = (payload: string): Buffer => text(payload, { fin: false });
const message = ask(1, 'fragmented');

/** Section 5: messages in several frames. */
export const fragmentationRows: readonly Row[] = [
  row('5.10', 'a text in two frames is one message', () => ({
    send: fragments(message, [10]),
    answers: [label.reply(1)],
  })),
  row('5.11', 'a text in frames of one byte is one message', () => ({
    send: fragments(
      message,
      Array.from({ length: message.length - 1 }, (_, index) => index + 1),
    ),
    answers: [label.reply(1)],
  })),
  row('5.12', 'empty frames at both ends of a message are nothing', () => ({
    send: [begin(''), continuation(message.toString(), false), continuation('')],
    answers: [label.reply(1)],
  })),
  row('5.13', 'a hundred empty frames within a message are nothing', () => ({
    send: [
      begin('{"id":1,'),
      ...Array.from({ length: 100 }, () => continuation('', false)),
      continuation('"type":"ping"}'),
    ],
    answers: [label.reply(1)],
  })),
  row('5.14', 'a message of empty frames is an empty message', () => ({
    send: [begin(''), continuation('', false), continuation('')],
    answers: [label.error(undefined, 'bad_request')],
  })),
  row('5.15', 'messages in frames follow each other', () => ({
    send: [...fragments(message, [10]), text(ask(2)), ...fragments(ask(3), [2, 8])],
    answers: [label.reply(1), label.reply(2), label.reply(3)],
  })),
  ...[true, false].flatMap((fin, index) => [
    row(
      `5.16.${index + 1}`,
      `a continuation of nothing is a fault${fin ? '' : ', more to come'}`,
      () => ({
        send: [continuation('non-continuation', fin), text(ask(1))],
        ends: ends.protocolError,
      }),
    ),
    row(
      `5.17.${index + 1}`,
      `a continuation after a whole text is a fault${fin ? '' : ', more to come'}`,
      () => ({
        send: [text(ask(1)), continuation('non-continuation', fin), text(ask(2))],
        answers: [label.reply(1)],
        ends: ends.protocolError,
      }),
    ),
    row(
      `5.18.${index + 1}`,
      `a continuation after a message in frames is a fault${fin ? '' : ', more to come'}`,
      () => ({
        send: [...fragments(message, [10]), continuation('non-continuation', fin)],
        answers: [label.reply(1)],
        ends: ends.protocolError,
      }),
    ),
    row(
      `5.19.${index + 1}`,
      `a new text inside a message is a fault${fin ? '' : ', more to come'}`,
      () => ({
        send: [begin('{"id":1,'), text(ask(2), { fin })],
        ends: ends.protocolError,
      }),
    ),
    row(
      `5.20.${index + 1}`,
      `a binary frame inside a message is a fault${fin ? '' : ', more to come'}`,
      () => ({
        send: [begin('{"id":1,'), frame({ opcode: opcode.binary, payload: 'x', fin })],
        ends: ends.protocolError,
      }),
    ),
  ]),
  row('5.21', 'an empty continuation of nothing is a fault', () => ({
    send: [continuation(''), ping()],
    ends: ends.protocolError,
  })),
  row('5.22', 'a binary message in frames ends the connection', () => ({
    send: [
      frame({ opcode: opcode.binary, payload: 'x', fin: false }),
      continuation('y', false),
      continuation('z'),
    ],
    ends: ends.notOurs,
  })),
];
