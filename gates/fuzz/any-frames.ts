import { isCommandType } from '@parley/protocol';
import fc from 'fast-check';
import type { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { commandSamples } from './command-samples.ts';
import { nestedText } from './odd-values.ts';
import { readAnswer } from './told-error.ts';
import { shorten } from './type-confusion.ts';
import type { World } from './world.ts';

const answerMs = 10_000;
const perConnection = 400;
/** A frame larger than this ends its connection, which another gate looks at. */
const longest = 60_000;
const questionId = 2 ** 40;

/** Whatever a frame says, the connection answers it or is silent, and goes on. */
export async function sendAnyFrames(run: Run, world: World, numRuns: number): Promise<number> {
  let socket = await world.connect();
  let sent = 0;
  const property = fc.asyncProperty(anyFrame(world), async (text) => {
    if (++sent % perConnection === 0 || socket.line.over) {
      socket.line.destroy();
      socket = await world.connect();
    }
    await checkOne(socket, text, questionId + sent);
  });
  const result = await fc.check(property, { seed: run.seed, numRuns });
  socket.line.destroy();
  if (result.failed) {
    const [text = ''] = result.counterexample ?? [];
    run.fail(`${String(result.errorInstance)}; the frame: ${shorten(text)}`);
  }
  return sent;
}

async function checkOne(socket: RawWebSocket, text: string, question: number): Promise<void> {
  socket.frames.length = 0;
  socket.sendText(text);
  socket.send({ id: question, type: 'ping' });
  const head = `{"id":${question},`;
  const answered = await socket.until(
    () => socket.texts.some((one) => one.startsWith(head)),
    answerMs,
  );
  if (!answered) throw new Error(`the connection no longer answers (${socket.closeCode})`);
  for (const one of socket.texts) {
    const { fault } = readAnswer(one);
    if (fault !== undefined) throw new Error(fault);
  }
  if (socket.faults.length > 0) throw new Error(socket.faults.join());
}

function anyFrame({ sample }: World): fc.Arbitrary<string> {
  const samples = commandSamples(sample);
  const types = Object.keys(samples).filter((type) => type !== 'hello');
  const anyText = fc.string({ unit: 'binary', maxLength: 200 });
  const id = fc.oneof(fc.nat(), fc.integer(), fc.double(), anyText, fc.constant(null));
  // Of a command, with one of its fields replaced.
  const nearMiss = fc.constantFrom(...types).chain((type) => {
    const fields = isCommandType(type) ? Object.keys(samples[type]) : [];
    return fc
      .tuple(fc.constantFrom('nothing', ...fields), fc.jsonValue({ maxDepth: 4 }), id)
      .map(([field, value, number]) =>
        JSON.stringify({
          id: number,
          type,
          ...(isCommandType(type) ? samples[type] : {}),
          [field]: value,
        }),
      );
  });
  const deep = fc
    .tuple(fc.constantFrom(...types), fc.integer({ min: 1, max: 29_000 }))
    .map(([type, depth]) => `{"id":1,"type":"${type}","conversation":${nestedText(depth)}}`);
  const broken = nearMiss.chain((text) =>
    fc
      .tuple(fc.nat(text.length), fc.nat(20), anyText)
      .map(([at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length)),
  );
  return (
    fc
      .oneof(
        { weight: 4, arbitrary: nearMiss },
        { weight: 3, arbitrary: broken },
        { weight: 1, arbitrary: deep },
        { weight: 1, arbitrary: anyText },
        { weight: 1, arbitrary: fc.json({ maxDepth: 5 }) },
      )
      // A text frame holds UTF-8: half a pair goes over as U+FFFD anyway.
      .map((text) => text.toWellFormed().slice(0, longest).toWellFormed())
  );
}
