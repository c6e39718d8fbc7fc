import { closeFrame } from '../../kit/client-frame.ts';
import { ask, ends, fragments, label, ping, type Row, row, said, saying, text } from '../row.ts';

const hex = (bytes: string): Buffer => Buffer.from(bytes.replaceAll(' ', ''), 'hex');

/** First and last of every length, around the surrogates, and what is no character but valid. */
const valid: readonly (readonly [string, string])[] = [
  ['a Greek word', 'ce ba e1 bd b9 cf 83 ce bc ce b5'],
  ['U+007F', '7f'],
  ['U+0080', 'c2 80'],
  ['U+07FF', 'df bf'],
  ['U+0800', 'e0 a0 80'],
  ['U+D7FF', 'ed 9f bf'],
  ['U+E000', 'ee 80 80'],
  ['U+FEFF', 'ef bb bf'],
  ['U+FFFD', 'ef bf bd'],
  ['U+FFFE', 'ef bf be'],
  ['U+FFFF', 'ef bf bf'],
  ['U+10000', 'f0 90 80 80'],
  ['U+1F642', 'f0 9f 99 82'],
  ['U+1FFFE', 'f0 9f bf be'],
  ['U+3FFFF', 'f0 bf bf bf'],
  ['U+40000', 'f1 80 80 80'],
  ['U+10FFFF', 'f4 8f bf bf'],
];

const invalid: readonly (readonly [string, string])[] = [
  ['a lone continuation byte', '80'],
  ['the last continuation byte', 'bf'],
  ['two continuation bytes', '80 bf'],
  ['a first byte of two and a blank', 'c2 20'],
  ['a first byte of three and a blank', 'e0 20'],
  ['a first byte of four and a blank', 'f0 20'],
  ['a first byte of five', 'f8 88 80 80 80'],
  ['a first byte of six', 'fc 84 80 80 80 80'],
  ['two bytes of three', 'e2 82 78'],
  ['three bytes of four', 'f0 9f 99 78'],
  ['a wrong second byte', 'e2 28 a1'],
  ['a wrong third byte', 'e2 82 28'],
  ['a wrong second byte of four', 'f0 28 8c bc'],
  ['a wrong fourth byte', 'f0 90 8c 28'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['FE FE FF FF', 'fe fe ff ff'],
  ['a slash in two bytes', 'c0 af'],
  ['a slash in three bytes', 'e0 80 af'],
  ['a slash in four bytes', 'f0 80 80 af'],
  ['U+007F in two bytes', 'c1 bf'],
  ['U+07FF in three bytes', 'e0 9f bf'],
  ['U+FFFF in four bytes', 'f0 8f bf bf'],
  ['U+0000 in two bytes', 'c0 80'],
  ['U+0000 in four bytes', 'f0 80 80 80'],
  ['the first high surrogate', 'ed a0 80'],
  ['the last high surrogate', 'ed af bf'],
  ['the first low surrogate', 'ed b0 80'],
  ['the last low surrogate', 'ed bf bf'],
  ['a pair of surrogates', 'ed a0 80 ed b0 80'],
  ['U+110000', 'f4 90 80 80'],
  ['U+13FFFF', 'f4 bf bf bf'],
  ['F5', 'f5 80 80 80'],
  ['F7 BF BF BF', 'f7 bf bf bf'],
];

const validRows = valid.flatMap(([what, bytes], index) => {
  const body = hex(bytes);
  return [
    row(`6.1.${index + 1}`, `${what} arrives as it was sent`, (place) => ({
      send: [text(saying(place, 1, body))],
      answers: said(1, body),
    })),
    row(`6.2.${index + 1}`, `${what}, cut between any of its bytes, arrives`, (place) => {
      const message = saying(place, 1, body);
      const at = message.indexOf(body);
      const cuts = Array.from({ length: body.length + 1 }, (_, offset) => at + offset);
      return { send: fragments(message, cuts), answers: said(1, body) };
    }),
  ];
});

const invalidRows = invalid.flatMap(([what, bytes], index) => {
  const bad = hex(bytes);
  return [
    row(`6.3.${index + 1}`, `${what} is not UTF-8`, () => ({
      send: [text(ask(1, bad))],
      ends: ends.notUtf8,
    })),
    row(`6.4.${index + 1}`, `${what}, cut between its bytes, is not UTF-8`, () => {
      const message = ask(1, bad);
      const at = message.indexOf(bad);
      const cuts = Array.from({ length: bad.length }, (_, offset) => at + offset);
      return { send: fragments(message, cuts), ends: ends.notUtf8 };
    }),
    row(`7.6.${index + 1}`, `${what} as the reason of a close is a fault`, () => ({
      send: [closeFrame(1000, bad)],
      ends: ends.notUtf8,
    })),
  ];
});

const cutShort = ['c2', 'e2 82', 'f0 9f', 'f0 9f 99', 'e2', 'f0'].map((bytes, index) =>
  row(`6.5.${index + 1}`, `a text that ends with ${bytes} is not UTF-8`, () => ({
    send: [text(Buffer.concat([Buffer.from('{"id":1,"type":"ping","pad":"'), hex(bytes)]))],
    ends: ends.notUtf8,
  })),
);

const others = [
  row('6.6.1', 'a ping inside a character does not harm it', (place) => {
    const body = hex('f0 9f 99 82');
    const message = saying(place, 1, body);
    const [first = none, second = none] = fragments(message, [message.indexOf(body) + 2]);
    return {
      send: [first, ping(hex('ff')), second],
      answers: [label.pong(hex('ff')), ...said(1, body)],
    };
  }),
  row('6.6.2', 'a good text before a bad one may be answered', () => ({
    send: [text(ask(1)), text(ask(2, hex('ff'))), text(ask(3))],
    answers: [label.reply(1)],
    ends: ends.notUtf8,
  })),
  row('6.6.3', 'U+0000 in a text is valid UTF-8 and no JSON', () => ({
    send: [text(ask(1, hex('00')))],
    answers: [label.error(undefined, 'bad_request')],
  })),
  row('6.6.4', 'half a surrogate pair as an escape is refused by name', (place) => ({
    send: [text(saying(place, 1, Buffer.from('\\ud800')))],
    answers: [label.error(1, 'bad_request')],
  })),
  row('6.6.5', 'a pair of escapes is one character', (place) => ({
    send: [text(saying(place, 1, Buffer.from('\\ud83d\\ude42')))],
    answers: said(1, Buffer.from('\u{1f642}')),
  })),
];

const none = Buffer.alloc(0);

/** Section 6, and reasons of section 7: text is UTF-8, wherever it is cut. */
export const utf8Rows: readonly Row[] = [...validRows, ...invalidRows, ...cutShort, ...others];
