import { readdir } from 'node:fs/promises';
import type { Gate } from '../kit/gate.ts';
import type { Installed } from '../kit/installation.ts';
import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import { MixedLoad } from './mixed-load.ts';
import { trendOf } from './trend.ts';

/** Of the server's memory after a collection, in MiB an hour. */
const target = 1;
/** Of the p99, over the whole run. */
const mostDrift = 0.05;
/** Files more at the end than after warming up: connections to the database come and go. */
const mostFiles = 16;
const hourMs = 3_600_000;

interface Sample {
  /** Hours since the warming up. */
  readonly at: number;
  readonly rss: number;
  /** On V8's heap and in buffers, after a collection. */
  readonly heap: number;
  readonly files: number;
  readonly p99: number;
}

export const gate: Gate = {
  name: 'soak',
  promise: 'a server that runs for days grows, slows and complains no more than on its first',
  unit: 'MiB an hour that its heap surely grows',
  target,
  async run(run) {
    await run.part('half a minute', async () => {
      await using installed = await run.install(env);
      const samples = await soak(run, installed, { warmMs: 9_000, forMs: 24_000, everyMs: 3_000 });
      const [early, late] = [samples.slice(0, 3), samples.slice(-3)];
      const grown = (least(late, 'heap') - least(early, 'heap')) / mebibyte;
      run.note('growth in half a minute, MiB', grown);
      run.expect(grown <= mostAtOnce, `memory grows: ${grown.toFixed(1)} MiB in half a minute`);
      checkFiles(run, samples);
    });
    let growth = Number.NaN;
    await run.part('mixed', async () => {
      await using installed = await run.install(env);
      const minutes = run.sized({ ci: 15, full: 24 * 60 });
      const samples = await soak(run, installed, {
        warmMs: minutes * 12_000,
        forMs: minutes * 48_000,
        everyMs: 10_000,
      });
      growth = report(run, samples);
      checkFiles(run, samples);
    });
    return growth;
  },
};

const env = { PARLEY_RATE_SCALE: '0' };
const mebibyte = 1024 * 1024;
/** What a process may still grow in half a minute after its start. */
const mostAtOnce = 2.5;

interface Plan {
  readonly warmMs: number;
  readonly forMs: number;
  readonly everyMs: number;
}

/** Runs the load, and looks at the server every so often once it is warm. */
async function soak(
  run: Run,
  installed: Installed,
  { warmMs, forMs, everyMs }: Plan,
): Promise<Sample[]> {
  const load = await MixedLoad.begin(run, installed);
  await pause(installed, warmMs);
  // The room for new objects, which a process takes bit by bit under load.
  await installed.inside.grown();
  load.takeDelays();
  const samples: Sample[] = [];
  const began = performance.now();
  while (performance.now() - began < forMs && installed.ended === undefined) {
    await pause(installed, everyMs);
    if (installed.ended !== undefined) break;
    // First what was measured: a collection is a stop.
    const { p99 } = percentilesOf(load.takeDelays());
    run.expect(Number.isFinite(p99), `no send was answered in ${everyMs} ms`);
    const { rss, heapUsed, external } = await installed.inside.collected();
    const files = (await readdir(`/proc/${installed.pid}/fd`)).length;
    const at = (performance.now() - began) / hourMs;
    samples.push({ at, rss, heap: heapUsed + external, files, p99 });
    for (const line of complaints(installed)) run.fail(`an error in the log: ${line}`);
  }
  if (installed.ended !== undefined)
    run.fail(`${installed.ended}\n${installed.log().slice(-2_000)}`);
  await load.stop();
  run.note('acts', load.done);
  return samples;
}

/** Notes the trends; answers by how much the heap surely grows, in MiB an hour. */
function report(run: Run, samples: readonly Sample[]): number {
  const trend = (some: readonly Sample[], of: (sample: Sample) => number) =>
    trendOf(some.map((sample) => [sample.at, of(sample)]));
  const half = Math.floor(samples.length / 2);
  const memory = (name: string, of: (sample: Sample) => number) => {
    const { slope, margin } = trend(samples, of);
    const [perHour, off] = [slope / mebibyte, margin / mebibyte];
    run.note(`${name}, MiB an hour`, `${perHour.toFixed(2)} ± ${off.toFixed(2)}`);
    // A process takes memory from the system in steps: one in either half is none in the other.
    const halves = [samples.slice(0, half), samples.slice(half)].map((some) => trend(some, of));
    const surely = Math.min(...halves.map((one) => (one.slope - one.margin) / mebibyte));
    run.note(`${name}, surely in both halves, MiB an hour`, surely);
    run.expect(surely <= target, `${name} grows by ${surely} MiB an hour`);
    return surely;
  };
  memory('resident memory', ({ rss }) => rss);
  const surely = memory('heap', ({ heap }) => heap);
  const { slope, margin, mean } = trend(samples, ({ p99 }) => p99);
  const hours = samples.at(-1)?.at ?? 0;
  const [drift, off] = [(slope * hours) / mean, (margin * hours) / mean];
  run.note('p99, ms', mean);
  run.note('drift of the p99, %', `${(drift * 100).toFixed(1)} ± ${(off * 100).toFixed(1)}`);
  run.expect(drift - off <= mostDrift, `the p99 drifts by ${drift * 100} ± ${off * 100} %`);
  run.note('samples', samples.length);
  run.note('hours', hours);
  return Math.max(0, surely);
}

function checkFiles(run: Run, samples: readonly Sample[]): void {
  const third = Math.ceil(samples.length / 3);
  const most = (some: readonly Sample[]) => Math.max(...some.map(({ files }) => files));
  const [early, late] = [most(samples.slice(0, third)), most(samples.slice(-third))];
  run.note('open files, at first and at last', `${early}, ${late}`);
  run.expect(late <= early + mostFiles, `open files went from ${early} to ${late}`);
}

function least(samples: readonly Sample[], name: 'heap' | 'rss'): number {
  return Math.min(...samples.map((sample) => sample[name]));
}

/** Errors that the log still shows; they do not go away between two looks. */
function complaints(installed: Installed): string[] {
  return installed
    .log()
    .split('\n')
    .filter((line) => /^\{"level":[56]0/.test(line))
    .slice(0, 1);
}

/** Waits, unless the server ends. */
async function pause(installed: Installed, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([over, installed.exit]);
  clearTimeout(timer);
}
