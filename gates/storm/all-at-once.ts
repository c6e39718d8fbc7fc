import { setTimeout } from 'node:timers/promises';
import { BusyMachine } from '../kit/busy-machine.ts';
import type { Installed } from '../kit/installation.ts';
import { type Pairs, startPairs } from '../kit/pair.ts';
import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import { checkBack, checkHeads } from './check-whole.ts';
import { Crowd, type CrowdReport } from './crowd.ts';
import { makePlaces, writeToSome } from './places.ts';
import { Questions } from './questions.ts';

export const target = {
  seconds: 8,
  resumesPerSecond: 1_500,
  questionsPerChannelAndSecond: 1,
  /** Where few come back very slowly, the rate alone says nothing. */
  questionsPerClient: 0.5,
  othersP99Ms: 500,
};
/** From when on the rate is one: fewer are over before the first second is. */
const manyClients = 5_000;
const quietMs = 3_000;

/** Cuts everybody off at once; answers the seconds until all are back. */
export async function cutAllAtOnce(run: Run): Promise<number> {
  const count = run.sized({ ci: 1_000, full: 10_000 });
  await using installed = await run.install();
  const { channels, clients } = await makePlaces(installed, count);
  await using questions = await Questions.of(installed.address);
  using crowd = await Crowd.start(installed.port, clients);
  const pairs = await startOthers(installed);
  const machine = new BusyMachine();
  await machine.during(() => setTimeout(quietMs));
  const quiet = await pairs.pause();
  run.note('others in quiet, ms', described(quiet.samples));

  const before = await questions.settledCount();
  await setTimeout(quietMs);
  const still = await questions.count();
  const idleRate = (still - before) / (quietMs / 1_000);
  await pairs.resume();
  const commits = await commitsOf(installed);
  const cpuBefore = await installed.inside.now();
  const began = performance.now();
  const [report, again] = await Promise.all([crowd.cut(), writeToSome(installed, channels)]);
  const cpu = await installed.inside.now();
  const beside = await pairs.stop();
  const asked = (await questions.settledCount()) - still;
  const seconds = report.ms / 1_000;
  const watched = (performance.now() - began) / 1_000;
  const written = (await commitsOf(installed)) - commits;
  const own = Math.max(0, asked - idleRate * watched - written);
  const perChannel = own / channels.length / Math.max(1, seconds);
  const rate = count / seconds;

  describe(run, report, rate);
  run.note('sends that were told to try again', again);
  run.note('server, s of CPU', (cpu.cpuMs - cpuBefore.cpuMs) / 1_000);
  run.note('longest stop of the event loop, ms', cpu.longestStopMs);
  run.note('questions per conversation and second', perChannel);
  run.note(
    'questions',
    `${Math.round(own)} of ${count} clients in ${channels.length} conversations`,
  );
  run.note('others beside the storm, ms', described(beside.samples));
  checkBack(run, count, report);
  run.expect(report.missed > 0, 'nothing was said while they were away');
  run.note('told by sync', report.missed);
  run.expect(
    own / count <= target.questionsPerClient,
    `${(own / count).toFixed(2)} questions for each who came back`,
  );
  run.expect(
    perChannel <= target.questionsPerChannelAndSecond,
    `${perChannel.toFixed(2)} questions per conversation and second`,
  );
  run.expect(seconds <= target.seconds, `it took ${seconds.toFixed(1)} s until all were back`);
  if (count >= manyClients) {
    run.expect(rate >= target.resumesPerSecond, `only ${rate.toFixed(0)} came back a second`);
  }
  run.note('machine stretches', machine.stretch);
  run.expect(
    // Every day beside other work; by hand on a quiet machine.
    beside.delays.p99 < target.othersP99Ms * (run.size === 'ci' ? machine.stretch : 1),
    `others wait ${beside.delays.p99.toFixed(0)} ms beside the storm`,
  );
  for (const fault of beside.faults) run.fail(`others: ${fault}`);
  run.expect(
    beside.lost + beside.doubled + beside.outOfOrder === 0,
    `others: ${beside.lost} lost, ${beside.doubled} doubled, ${beside.outOfOrder} out of order`,
  );
  await checkHeads(run, installed.address, crowd);
  return seconds;
}

/** Commits of messages so far, which are no questions of those who come back. */
async function commitsOf({ call, operatorKey }: Installed): Promise<number> {
  const { text } = await call('GET', '/metrics', { bearer: operatorKey });
  return Number(/^parley_append_group_size_count (\d+)/m.exec(text)?.[1] ?? 0);
}

function describe(run: Run, report: CrowdReport, rate: number): void {
  run.note('back, ms', described(report.times));
  run.note('back a second', rate);
  run.note('refused', JSON.stringify(report.refused));
}

async function startOthers(installed: Installed): Promise<Pairs> {
  const tenants = await Promise.all(Array.from({ length: 4 }, () => installed.tenant()));
  return startPairs(
    installed,
    tenants.flatMap((tenant, number) =>
      [0, 1, 2, 3, 4].map((pair) => ({
        tenant,
        name: `pair-${pair}`,
        everyMs: 200,
        from: `127.4.${number}.${1 + pair}`,
      })),
    ),
  );
}

function described(values: readonly number[]): string {
  const { count, p50, p99, max } = percentilesOf(values);
  return `${count}: p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, max ${max.toFixed(0)}`;
}
