import { newId } from '@parley/protocol';
import { type FrameParts, frame, opcode } from '../kit/client-frame.ts';

/** Where a row is played: a person, alone in a conversation of their own. */
export interface Place {
  readonly conversation: string;
}

/** What a row sends and what must come of it. */
export interface Script {
  /** The frames, in order; how their bytes are cut is the player's choice. */
  readonly send: readonly Buffer[];
  /** What the server answers, each once: see `label`. Where the connection ends, each may be missing. */
  readonly answers?: readonly string[];
  /** The connection ends, with one of these codes; without it goes on. */
  readonly ends?: readonly number[];
  /** The standard leaves it open: it may as well go on with the answers. */
  readonly mayGoOn?: boolean;
  /** We send nothing more and keep the line open: the server has to cut it. */
  readonly lingers?: boolean;
  /** Our side of the line ends after the frames. */
  readonly hangsUp?: 'end' | 'reset';
}

/** One case of the table. */
export interface Row {
  /** Section and number; sections 1 to 13 as in the Autobahn test suite. */
  readonly id: string;
  readonly what: string;
  /** It is played before hello. */
  readonly beforeHello?: boolean;
  script(place: Place): Script;
}

export function row(id: string, what: string, script: Row['script']): Row {
  return { id, what, script };
}

/** A row that is played before hello as well. */
export function bothRows(id: string, what: string, script: Row['script']): Row[] {
  return [
    row(id, what, script),
    { ...row(`${id}-early`, `${what}, before hello`, script), beforeHello: true },
  ];
}

/** What an answer is called, for comparing. */
export const label = {
  pong: (payload: string | Buffer) => `pong ${Buffer.from(payload).toString('hex')}`,
  reply: (id: number) => `reply ${id}`,
  error: (id: number | undefined, code: string) => `error ${id ?? 'without id'} ${code}`,
  said: (body: string) => `said ${body}`,
};

/** The command `ping` as text, with something in a field that nobody reads. */
export function ask(id: number, pad: string | Buffer = ''): Buffer {
  return Buffer.concat([
    Buffer.from(`{"id":${id},"type":"ping","pad":"`),
    Buffer.from(pad),
    Buffer.from('"}'),
  ]);
}

/** The same with a length chosen to the byte. */
export function askOfLength(id: number, length: number): Buffer {
  return ask(id, 'x'.repeat(length - ask(id).length));
}

/** A message to the place, which the server tells back: bytes between two letters. */
export function saying(place: Place, id: number, body: Buffer): Buffer {
  const head = `{"id":${id},"type":"message.send","conversation":"${place.conversation}","message":{"id":"${newId()}","body":"x`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('x"}}')]);
}

/** What comes of `saying`. */
export function said(id: number, body: Buffer): string[] {
  return [label.reply(id), label.said(`x${body.toString('utf8')}x`)];
}

export function text(payload: string | Buffer, parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: opcode.text, payload, ...parts });
}

export function ping(payload: string | Buffer = '', parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: opcode.ping, payload, ...parts });
}

export function pong(payload: string | Buffer = '', parts: Partial<FrameParts> = {}): Buffer {
  return frame({ opcode: opcode.pong, payload, ...parts });
}

/** A message in several frames, cut at these places. */
export function fragments(payload: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts, payload.length];
  return ends.map((end, index) =>
    frame({
      opcode: index === 0 ? opcode.text : opcode.continuation,
      fin: index === ends.length - 1,
      payload: payload.subarray(index === 0 ? 0 : ends[index - 1], end),
    }),
  );
}

/** A message in frames of at most this many bytes. */
export function fragmentsOf(payload: Buffer, size: number): Buffer[] {
  const cuts = Array.from(
    { length: Math.ceil(payload.length / size) - 1 },
    (_, i) => (i + 1) * size,
  );
  return fragments(payload, cuts);
}

/** Close codes for what the protocol forbids, for text that is not UTF-8, for what is too large. */
export const ends = {
  protocolError: [1002],
  notUtf8: [1007],
  tooLarge: [1009],
  notOurs: [4500],
} as const;
