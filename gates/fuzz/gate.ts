import type { Gate } from '../kit/gate.ts';
import { startPairs } from '../kit/pair.ts';
import type { Run } from '../kit/run.ts';
import type { PairReport } from '../kit/talking-pair.ts';
import { sendAnyBytes, sendAnyRequests } from './any-bytes.ts';
import { sendAnyFrames } from './any-frames.ts';
import { confuseCalls } from './call-confusion.ts';
import { Coverage } from './coverage.ts';
import { sendHeavyInputs } from './heavy-inputs.ts';
import { confuseTypes, shorten } from './type-confusion.ts';
import { makeWorld } from './world.ts';

/** CPU time that one input may take, in milliseconds. */
const mostMs = 50;
/** The longest that anybody else waits for a message meanwhile: both sides share two cores here. */
const longestDelayMs = 3_000;
/** What the server may hold more after a second round than after the first. */
const heldBytes = 3 * 1024 * 1024;

export const gate: Gate = {
  name: 'fuzz',
  promise: 'No input kills or stalls the server, or is answered with anything but the documented.',
  unit: 'failures',
  target: 0,
  async run(run) {
    let execs = 0;
    execs += await fuzzParsers(run);
    execs += await fuzzServer(run);
    run.note('execs', execs);
    return run.failures.length;
  },
};

async function fuzzParsers(run: Run): Promise<number> {
  // Before they are loaded, else V8 counts functions and not what is in them.
  const coverage = new Coverage(/\/packages\/(protocol|server)\/src\//);
  const { targets } = await import('./parsers.ts');
  const { fuzz } = await import('./guided-fuzzer.ts');
  let execs = 0;
  for (const target of targets) {
    await run.part(target.name, async () => {
      const before = coverage.blocks;
      const done = fuzz(target, {
        random: run.random,
        coverage,
        execs: run.sized({ ci: 25_000, full: 7_000_000 }),
        mostMs,
      });
      execs += done.execs;
      run.note(
        target.name,
        `${done.execs} execs, ${coverage.blocks - before} blocks, corpus ${done.corpus}, ` +
          `slowest ${done.slowestMs.toFixed(1)} ms`,
      );
      if (done.finding === undefined) return;
      const { input, why } = done.finding;
      run.fail(`${why}; the input in base64: ${shorten(input.toString('base64'))}`);
    });
  }
  coverage.close();
  return execs;
}

async function fuzzServer(run: Run): Promise<number> {
  await using installed = await run.install({ PARLEY_RATE_SCALE: '0' });
  const world = await makeWorld(installed);
  const others = await installed.tenant();
  let execs = 0;
  const live = async (name: string, work: () => Promise<number>) => {
    await run.part(name, async () => {
      const pair = await startPairs(installed, [
        { tenant: others, name: name.replace(' ', '-'), everyMs: 40 },
      ]);
      try {
        execs += await work();
      } finally {
        const report = await pair.stop();
        await installed.answersOrEnds();
        if (installed.ended !== undefined) run.fail(`${installed.ended}\n${installed.log()}`);
        judge(run, name, report);
      }
      const errors = installed.log().match(/^\{"level":[56]0.*$/gm) ?? [];
      for (const line of errors.slice(0, 3)) run.fail(`logged as an error: ${shorten(line)}`);
    });
  };

  await live('type confusion', () => confuseTypes(run, world));
  await live('any frames', () =>
    sendAnyFrames(run, world, run.sized({ ci: 1_500, full: 200_000 })),
  );
  await live('any bytes', () => sendAnyBytes(run, world, run.sized({ ci: 800, full: 100_000 })));
  await live('calls', () =>
    confuseCalls(run, world, run.sized({ ci: 1_500, full: Number.POSITIVE_INFINITY })),
  );
  await live('any requests', () =>
    sendAnyRequests(run, world, run.sized({ ci: 2_000, full: 300_000 })),
  );
  await run.part('heavy inputs', async () => {
    const most = await sendHeavyInputs(run, world, mostMs);
    run.note('most CPU of one input, ms', most);
  });
  await run.part('memory', async () => {
    const round = async () => {
      execs += await confuseCalls(run, world, run.sized({ ci: 600, full: 50_000 }));
      execs += await sendAnyRequests(run, world, run.sized({ ci: 600, full: 50_000 }));
      execs += await sendAnyBytes(run, world, run.sized({ ci: 200, full: 20_000 }));
    };
    // The first time code and caches are made: what matters is what comes on top.
    await round();
    const before = await installed.inside.collected();
    await round();
    const after = await installed.inside.collected();
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    run.note('held more after another round, KiB', Math.round(grown / 1024));
    run.note('RSS before and after, MiB', `${mebibytes(before.rss)}, ${mebibytes(after.rss)}`);
    run.expect(grown <= heldBytes, `the server holds ${mebibytes(grown)} MiB more than before`);
  });
  return execs;
}

function judge(
  run: Run,
  name: string,
  { sent, lost, doubled, outOfOrder, faults, delays }: PairReport,
) {
  run.note(
    `others during ${name}, ms`,
    `p50 ${delays.p50.toFixed(1)}, p99 ${delays.p99.toFixed(1)}, max ${delays.max.toFixed(0)} of ${sent}`,
  );
  run.expect(
    lost + doubled + outOfOrder === 0,
    `others meanwhile: ${lost} lost, ${doubled} doubled, ${outOfOrder} out of order of ${sent}`,
  );
  for (const fault of faults) run.fail(`others meanwhile: ${fault}`);
  run.expect(
    delays.max <= longestDelayMs,
    `others waited ${delays.max.toFixed(0)} ms for a message`,
  );
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
