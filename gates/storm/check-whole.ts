import { setTimeout } from 'node:timers/promises';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import type { Run } from '../kit/run.ts';
import type { Crowd, CrowdReport } from './crowd.ts';
import { Questions } from './questions.ts';

/** Each is in two conversations, and knows both. */
const conversationsEach = 2;
/** What was said last may still be on its way. */
const patienceMs = 5_000;

/** All of so many are back, and nobody lost a message or had to begin anew. */
export function checkBack(run: Run, count: number, { times, holes, resets }: CrowdReport): void {
  run.expect(times.length === count, `${times.length} of ${count} came back`);
  run.expect(holes === 0, `${holes} messages were lost by those who came back`);
  run.expect(resets === 0, `${resets} conversations had to be read anew`);
}

/** Everybody knows the last message of all of their conversations. */
export async function checkHeads(run: Run, address: DatabaseAddress, crowd: Crowd): Promise<void> {
  await using questions = await Questions.of(address);
  const heads = await questions.heads();
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const behind = (await crowd.lastSeqs()).filter(
      (one) =>
        one.size !== conversationsEach || [...one].some(([id, seq]) => seq !== heads.get(id)),
    );
    if (behind.length === 0) return;
    if (performance.now() > deadline) {
      run.fail(`${behind.length} do not know the last message`);
      return;
    }
    await setTimeout(100);
  }
}
