import { closeFrame, frame, opcode } from '../kit/client-frame.ts';
import type { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { SeededRandom } from '../kit/seeded-random.ts';
import type { ServerFrame } from '../kit/server-frames.ts';
import { ask, label, type Place, type Row, type Script } from './row.ts';

/** How the bytes of a row are written: in one go, one by one, or cut anywhere. */
export const cuts = ['whole', 'bytes', 'anywhere'] as const;
export type Cut = (typeof cuts)[number];

const answerMs = 10_000;
const closeMs = 5_000;
/** Who is done with a connection is gone within this time; a client that lingers, too. */
const gone = { promptly: 1_500, lingering: 4_000 };
/** More pieces than this are no longer one byte each. */
const mostPieces = 400;
const sentinel = 9_999;
const sentinelPing = 'sentinel';

/** Plays a row on an open connection; answers what is not as it should be. */
export async function playRow(
  row: Row,
  socket: RawWebSocket,
  place: Place,
  cut: Cut,
  random: SeededRandom,
): Promise<string[]> {
  const script = row.script(place);
  socket.answersPings = false;
  await socket.line.writeInPieces(pieces(Buffer.concat(script.send), cut, random));
  const faults =
    script.ends === undefined
      ? await goesOn(socket, script, row.beforeHello === true)
      : await comesToEnd(socket, script);
  return [...faults, ...socket.faults.map((fault) => `the server's frames: ${fault}`)];
}

function pieces(bytes: Buffer, cut: Cut, random: SeededRandom): Buffer[] {
  if (cut === 'whole' || bytes.length < 2) return [bytes];
  const places = new Set<number>();
  if (cut === 'bytes' && bytes.length <= mostPieces) {
    for (let at = 1; at < bytes.length; at++) places.add(at);
  } else {
    const wanted = Math.min(bytes.length - 1, cut === 'bytes' ? 100 : random.between(1, 8));
    while (places.size < wanted) places.add(random.between(1, bytes.length - 1));
  }
  const ends = [...places].sort((a, b) => a - b).concat(bytes.length);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

/** All answers come, and then the connection still works. */
async function goesOn(
  socket: RawWebSocket,
  { answers = [] }: Script,
  beforeHello: boolean,
): Promise<string[]> {
  const all = () => labels(socket.frames).length >= answers.length;
  await socket.until(() => all() || socket.closeCode !== undefined, answerMs);
  const last = beforeHello ? label.error(sentinel, 'hello_first') : label.reply(sentinel);
  socket.write(frame({ opcode: opcode.ping, payload: sentinelPing }));
  socket.write(frame({ opcode: opcode.text, payload: ask(sentinel) }));
  const works = await socket.until(() => labels(socket.frames).includes(last), answerMs);
  const heard = labels(socket.frames).filter(
    (one) => one !== last && one !== label.pong(sentinelPing),
  );
  socket.line.destroy();
  return [...differences(heard, answers), ...(works ? [] : ['the connection no longer works'])];
}

/** The close frame comes with the right code, the line ends, and nothing unasked came before. */
async function comesToEnd(socket: RawWebSocket, script: Script): Promise<string[]> {
  const { ends = [], answers = [], mayGoOn = false, lingers = false, hangsUp } = script;
  if (hangsUp === 'reset') {
    socket.line.reset();
    return [];
  }
  if (hangsUp === 'end') socket.line.finish();
  else {
    const enough = () => mayGoOn && labels(socket.frames).length >= answers.length;
    await socket.until(() => socket.closeCode !== undefined || enough(), closeMs);
    if (socket.closeCode === undefined && enough()) {
      socket.line.destroy();
      return [];
    }
    // A good client answers the close with a close; who was closed for a fault may as well hang up.
    if (!lingers) {
      socket.write(closeFrame(1000));
      socket.line.finish();
    }
  }
  const ended = await socket.until(
    () => socket.line.over,
    lingers ? gone.lingering : gone.promptly,
  );
  const { closeCode } = socket;
  socket.line.destroy();
  const expected = ends.length === 0 ? 'no code' : ends.join(' or ');
  const right = closeCode === undefined ? ends.length === 0 : ends.includes(closeCode);
  const allowed = [...answers];
  const surplus = labels(socket.frames).filter((one) => {
    const at = allowed.indexOf(one);
    if (at >= 0) allowed.splice(at, 1);
    return at < 0;
  });
  return [
    ...(right || (hangsUp === 'end' && closeCode !== undefined)
      ? []
      : [`closed with ${closeCode ?? 'no code'}, not ${expected}`]),
    ...(ended ? [] : ['the server keeps the line open']),
    ...(socket.rest === 0 ? [] : ['the last frame is not whole']),
    ...surplus.map((one) => `unexpected: ${one}`),
  ];
}

function differences(heard: readonly string[], wanted: readonly string[]): string[] {
  const left = [...heard];
  const missing = wanted.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const pongs = (all: readonly string[]) => all.filter((one) => one.startsWith('pong')).join();
  return [
    ...missing.map((one) => `missing: ${one}`),
    ...left.map((one) => `unexpected: ${one}`),
    ...(missing.length + left.length === 0 && pongs(heard) !== pongs(wanted)
      ? ['the pongs are in another order than their pings']
      : []),
  ];
}

function labels(frames: readonly ServerFrame[]): string[] {
  return frames.flatMap(({ opcode: code, payload }) => {
    if (code === opcode.pong) return [label.pong(payload)];
    // The server's own pings are nobody's answer.
    if (code !== opcode.text) return [];
    return [labelOf(JSON.parse(payload.toString('utf8')))];
  });
}

interface Told {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string };
  readonly event?: string;
  readonly message?: { readonly body: string };
}

// The server vouches for the shape: what is otherwise shows as a strange label.
function labelOf({ id, error, event, message }: Told): string {
  if (event === 'message.created') return label.said(message?.body ?? '');
  if (event !== undefined) return `event ${event}`;
  return error === undefined ? label.reply(id ?? 0) : label.error(id, error.code);
}
