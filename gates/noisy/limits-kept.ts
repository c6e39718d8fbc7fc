import { setTimeout } from 'node:timers/promises';
import { type RateName, rates } from '../../packages/server/src/limits/rates.ts';
import type { Run } from '../kit/run.ts';
import { type Outcome, prepareFlood } from './flood.ts';
import { allJobs, allowedAt, makeNoisy } from './quotas.ts';

/** A limit lets through what it says, within this. */
const exactness = 0.02;
const windowMs = 10_000;
/** When what the first window allows is done, and nothing of the next yet. */
const firstLookMs = 3_000;
/** Connections that go on in spite of refusals are not read for up to 5 s: theirs comes later. */
const lateMs = 8_000;
/** What is measured is when answers came, not when they were allowed. */
const seenWindow = 0.97;

/** Everything far above its limit: exactly what is allowed is done, window by window. */
export async function checkLimits(run: Run, scale: number, times: number): Promise<void> {
  await using installed = await run.install({ PARLEY_RATE_SCALE: String(scale) });
  const flood = await prepareFlood(
    installed.port,
    allJobs(await makeNoisy(installed), scale, times),
  );
  // In a second one connections that went on in spite of refusals are closed (4029): fewer try then.
  const windows = 1;
  const floodMs = (windows - 1) * windowMs + lateMs;
  await flood.start();
  await setTimeout(firstLookMs);
  for (const [name, { accepted }] of ratesOf(await flood.peek())) {
    const most = allowedAt(scale, name);
    run.expect(
      accepted.length <= most * (1 + exactness),
      `${name}: ${accepted.length} were let through at once, ${most} are allowed`,
    );
  }
  await setTimeout(floodMs - firstLookMs);
  for (const [name, outcome] of ratesOf(await flood.stop())) {
    judge(run, { name, outcome, windows, floodMs, most: allowedAt(scale, name) });
  }
  flood.close();
}

function ratesOf(news: Readonly<Record<string, Outcome>>): [RateName, Outcome][] {
  return Object.entries(news).flatMap(([name, outcome]) =>
    isRateName(name) ? [[name, outcome]] : [],
  );
}

function isRateName(name: string): name is RateName {
  return Object.hasOwn(rates, name);
}

interface Judged {
  readonly name: RateName;
  readonly outcome: Outcome;
  readonly windows: number;
  readonly floodMs: number;
  /** What one window allows. */
  readonly most: number;
}

function judge(run: Run, { name, outcome, windows, floodMs, most }: Judged): void {
  const { accepted, attempts, others } = outcome;
  const rate = rates[name];
  const wanted = most * (rate.windowMs === windowMs ? windows : Math.ceil(floodMs / rate.windowMs));
  const times = attempts / ((most * floodMs) / rate.windowMs);
  const densest = densestWindow(accepted, rate.windowMs * seenWindow);
  run.note(
    name,
    `${accepted.length} done, ${wanted} allowed; at most ${densest} in a window of ${most}; ` +
      `tried ${Math.round(times)} times as much`,
  );
  run.expect(
    Math.abs(accepted.length - wanted) <= wanted * exactness,
    `${name}: ${accepted.length} were let through, ${wanted} are allowed; ${JSON.stringify(others)}`,
  );
  run.expect(
    densest <= most * (1 + exactness),
    `${name}: ${densest} were let through within one window of ${most}`,
  );
}

/** The most that falls into any span of this length; times ascend. */
function densestWindow(times: readonly number[], spanMs: number): number {
  let [most, from] = [0, 0];
  for (const [index, at] of times.entries()) {
    while ((times[from] ?? at) <= at - spanMs) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
