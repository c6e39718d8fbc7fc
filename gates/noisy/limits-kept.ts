import { setTimeout } from 'node:timers/promises';
import { type RateName, rates } from '../../packages/server/src/limits/rates.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { type Outcome, prepareFlood } from './flood.ts';
import { allJobs, allowedAt, makeNoisy } from './quotas.ts';

/** A limit lets through what it says, within this. */
const exactness = 0.02;
/** So many answers, of what is allowed, are a flood. */
const reached = 1.05;
/** A flood of fewer times the limit may be too little on a slow machine. */
const strong = 10;
const windowMs = 10_000;
/** When what the first window allows is done, and nothing of the next yet. */
const firstLookMs = 3_000;
/** Connections that go on in spite of refusals are not read for up to 5 s: theirs comes later. */
const lateMs = 8_000;
/** What is measured is when answers came, not when they were allowed. */
const seenWindow = 0.97;

interface Excess {
  /** Of every limit. */
  readonly scale: number;
  /** How many times the limit is tried. */
  readonly times: number;
}

/** Everything far above its limit: exactly what is allowed is done, window by window. */
export async function checkLimits(run: Run, excess: Excess): Promise<void> {
  await using installed = await run.install({ PARLEY_RATE_SCALE: String(excess.scale) });
  await floodEverything(run, installed, excess);
}

/** The same on three nodes, where whoever floods is everywhere at once. */
export async function checkLimitsOfNodes(run: Run, excess: Excess): Promise<void> {
  await using cluster = await run.cluster({ env: { PARLEY_RATE_SCALE: String(excess.scale) } });
  await floodEverything(run, cluster, excess);
}

async function floodEverything(
  run: Run,
  installed: Pick<Installed, 'port' | 'call' | 'tenant'>,
  { scale, times }: Excess,
): Promise<void> {
  const flood = await prepareFlood(
    installed.port,
    allJobs(await makeNoisy(installed), scale, times),
  );
  // In a second one connections that went on in spite of refusals are closed (4029): fewer try then.
  const windows = 1;
  const floodMs = (windows - 1) * windowMs + lateMs;
  const isWeak = times < strong;
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
    judge(run, { name, outcome, windows, floodMs, most: allowedAt(scale, name), isWeak });
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
  /** Little more is tried than is allowed. */
  readonly isWeak: boolean;
}

function judge(run: Run, judged: Judged): void {
  const { name, outcome, windows, floodMs, most, isWeak } = judged;
  const { accepted, attempts, refused, others } = outcome;
  const rate = rates[name];
  const wanted = most * (rate.windowMs === windowMs ? windows : Math.ceil(floodMs / rate.windowMs));
  const times = attempts / ((most * floodMs) / rate.windowMs);
  const densest = densestWindow(accepted, rate.windowMs * seenWindow);
  run.note(
    name,
    `${accepted.length} done, ${wanted} allowed; at most ${densest} in a window of ${most}; ` +
      `tried ${Math.round(times)} times as much, ${refused} refused`,
  );
  // Where so little was answered, the machine was too slow to reach the limit at all.
  const isReached = accepted.length + refused >= wanted * reached;
  run.expect(
    accepted.length <= wanted * (1 + exactness) &&
      (accepted.length >= wanted * (1 - exactness) || (isWeak && !isReached)),
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
