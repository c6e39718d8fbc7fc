import type { CommandType } from '@parley/protocol';
import type { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { commandSamples } from './command-samples.ts';
import { oddValues, pathsOf, without, withValueAt } from './odd-values.ts';
import { readAnswer } from './told-error.ts';
import type { World } from './world.ts';

const answerMs = 10_000;
/** Below what a connection may have refused before it is closed. */
const perConnection = 400;
const atOnce = 40;

interface Confused {
  readonly id: number;
  readonly text: string;
}

/** Every field of every command with every odd value: each is answered, by its id, with sense. */
export async function confuseTypes(run: Run, world: World): Promise<number> {
  const frames = confusedFrames(world);
  for (let from = 0; from < frames.length; from += perConnection) {
    const socket = await world.connect();
    const answers = new Map<number, string | undefined>();
    socket.onText = (text) => {
      const { id, fault } = readAnswer(text);
      if (id !== undefined) answers.set(id, fault);
      else if (fault !== undefined) run.fail(`${fault}, without an id`);
    };
    const batch = frames.slice(from, from + perConnection);
    for (let at = 0; at < batch.length; at += atOnce) {
      await send(run, socket, batch.slice(at, at + atOnce), answers);
    }
    for (const fault of socket.faults) run.fail(`the server's frames: ${fault}`);
    socket.line.destroy();
  }
  return frames.length;
}

async function send(
  run: Run,
  socket: RawWebSocket,
  frames: readonly Confused[],
  answers: ReadonlyMap<number, string | undefined>,
): Promise<void> {
  for (const { text } of frames) socket.sendText(text);
  await socket.until(() => frames.every(({ id }) => answers.has(id)), answerMs);
  for (const { id, text } of frames) {
    const fault = answers.get(id);
    if (fault !== undefined) run.fail(`${fault}, to ${shorten(text)}`);
    else if (!answers.has(id)) {
      const end = socket.line.over ? ` (closed with ${socket.closeCode})` : '';
      run.fail(`no answer${end} to ${shorten(text)}`);
    }
  }
}

function confusedFrames({ sample }: World): Confused[] {
  let id = 1;
  const confused: Confused[] = [];
  for (const type of Object.keys(commandSamples(sample)) as CommandType[]) {
    const paths = pathsOf(commandSamples(sample)[type]).filter((path) => path.length > 0);
    for (const path of paths) {
      // A new sample each time: what names a new thing names another one.
      const good = () => commandSamples(sample)[type];
      const bodies = [
        without(good(), path),
        ...oddValues.map((odd) => withValueAt(good(), path, odd)),
      ];
      for (const body of bodies) {
        const text = JSON.stringify({ ...asFields(body), type, id: ++id });
        confused.push({ id, text });
      }
    }
  }
  return confused;
}

function asFields(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

export function shorten(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}... (${text.length} characters)`;
}
