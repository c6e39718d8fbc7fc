// Loaded into a server before its own code: answers what a gate asks of its memory and its time.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import type { InsideAnswer, InsideQuestion } from './inside.ts';

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

process.on('message', (question: InsideQuestion) => void answer(question));
// The gate is gone, however it ended.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Nothing of this keeps a server alive that wants to end.
process.channel?.unref();

async function answer({ id, collect, fill }: InsideQuestion): Promise<void> {
  const longestStopMs = delay.max / 1e6;
  if (fill) fillYoungGeneration();
  if (collect) await collectGarbage();
  delay.reset();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const thread = process.threadCpuUsage();
  const message: InsideAnswer = {
    id,
    report: {
      rss,
      heapUsed,
      external,
      cpuMs: (user + system) / 1000,
      threadMs: (thread.user + thread.system) / 1000,
      longestStopMs,
    },
  };
  process.send?.(message);
}

/** V8 enlarges the room for new objects while many of them outlive a collection. */
function fillYoungGeneration(): void {
  const kept: object[] = [];
  let before = -1;
  for (let size = youngBytes(); size > before; size = youngBytes()) {
    before = size;
    for (let made = 0; made < 1_500_000; made++) kept[made % 100_000] = { made, list: [made] };
  }
}

function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return space?.physical_space_size ?? 0;
}

/** Twice, since finalizers free what only the second finds. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
