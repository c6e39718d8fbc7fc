import { ask, ends, label, type Row, row, text } from '../row.ts';

/** "Hello" compressed (RFC 7692, 7.2.3.1), and a block that would unpack to 64 MiB of zeros' beginning. */
const compressed = Buffer.from('f248cdc9c90700', 'hex');

/** Sections 12 and 13: compression is not agreed to, so nothing may come compressed. */
export const compressionRows: readonly Row[] = [
  row('12.1', 'a compressed text is a fault', () => ({
    send: [text(compressed, { rsv: 4 })],
    ends: ends.protocolError,
  })),
  row('12.2', 'a plain text goes on as ever', () => ({
    send: [text(ask(1))],
    answers: [label.reply(1)],
  })),
  row('13.1', 'a compressed text in frames is a fault', () => ({
    send: [text(compressed.subarray(0, 3), { rsv: 4, fin: false })],
    ends: ends.protocolError,
  })),
];
