import { contract } from '../kit/contract.ts';
import type { Installed } from '../kit/installation.ts';
import { type Pairs, startPairs } from '../kit/pair.ts';
import { lowerQuartile } from '../kit/percentiles.ts';
import type { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { LoudRoom } from './loud-room.ts';
import { names, seat, untilLeft } from './seats.ts';

interface Crowded {
  readonly people: number;
  /** Of each kind: who does not read, and who is gone. */
  readonly notReading: number;
  /** For each of the compared times. */
  readonly seconds: number;
}

/** On a shared machine a p99 moves this much by itself. */
const slackMs = 20;
const slackShare = 1.1;
const sampleMs = 200;
/** More than what the system keeps for one socket that is not read. */
const burst = 450;
const everyMs = 100;
const rounds = 4;

/**
 * Some of many do not read, or are gone: what that costs in memory, and what others notice of it.
 *
 * The others' delays are compared with those of the same load while everybody reads.
 */
export async function checkNotReading(
  run: Run,
  installed: Installed,
  { people, notReading, seconds }: Crowded,
): Promise<number> {
  const others = await installed.tenant();
  const [lazy, gone] = [names('lazy', notReading), names('gone', notReading)];
  const tenant = await installed.tenant(['writer', ...lazy, ...gone]);
  const room = await LoudRoom.open(tenant, [...lazy, ...gone]);
  const idle = await seat(installed, others, names('idle', people - 2 * notReading));
  const bad = await seat(installed, tenant, [...lazy, ...gone]);
  const pairs = await startPairs(
    installed,
    Array.from({ length: 8 }, (_, n) => ({ tenant: others, name: `pair${n}`, everyMs: 100 })),
  );
  await pairs.pause();
  await installed.inside.grown();
  const watch = new MemoryWatch(installed);
  const phase = async () => {
    await room.burst(burst);
    room.begin(everyMs);
    const p99 = await listen(run, pairs, seconds);
    await room.pause();
    return p99;
  };
  const calm = await phase();
  const before = watch.most();
  for (const [at, socket] of bad.entries()) {
    socket.line.pause();
    // Some are only slow: their end is there, and answers nothing.
    socket.answersPings = at < notReading;
  }
  const disturbed = await phase();
  const freed = await untilLeft(installed, idle.length + 2 * 8 + 1, contract.deadMs);
  const most = watch.most();
  await watch.stop();
  await room.end();
  await pairs.stop();

  const grown = (most - before) / 1024 / 1024;
  run.note('sockets', people);
  run.note('not reading, and gone', `${notReading} and ${notReading}`);
  run.note('messages of 9 KB to each of them', room.sent);
  run.note('memory for them, MiB', grown);
  run.note('others, p99 while all read, ms', calm.typical);
  run.note('others, p99 while they do not, ms', disturbed.typical);
  run.expect(grown <= contract.notReadingMiB, `${grown.toFixed(1)} MiB for who does not read`);
  run.expect(freed, 'somebody who does not read is still there');
  run.expect(
    disturbed.typical <= bearable(calm),
    `others wait ${disturbed.typical} instead of ${calm.typical} ms (p99)`,
  );
  run.expect(
    idle.every(({ line }) => !line.over),
    'somebody else was closed, too',
  );
  for (const fault of room.faults) run.fail(`the writer heard: ${fault}`);
  close([...idle, ...bad]);
  return grown;
}

interface Delays {
  /** The lower quartile of the rounds' p99, since a machine's own stops only add. */
  readonly typical: number;
  readonly worst: number;
}

/** The others' delays over some rounds, in milliseconds. */
async function listen(run: Run, pairs: Pairs, seconds: number): Promise<Delays> {
  const p99s: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await pairs.resume();
    await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / rounds));
    const { lost, doubled, outOfOrder, faults, delays } = await pairs.pause();
    run.expect(lost + doubled + outOfOrder === 0, `others lost ${lost} messages`);
    for (const fault of faults) run.fail(`others heard: ${fault}`);
    p99s.push(delays.p99);
  }
  return { typical: lowerQuartile(p99s), worst: Math.max(...p99s) };
}

/** What others may wait: a tenth more, or what the machine does to them anyway. */
function bearable({ typical, worst }: Delays): number {
  return Math.max(typical * slackShare, typical + slackMs, worst);
}

/** The most memory that the server has; like this in both phases, so that garbage counts in both. */
class MemoryWatch {
  readonly #installed: Installed;
  #most = 0;
  #stopped = false;
  readonly #watching: Promise<void>;

  constructor(installed: Installed) {
    this.#installed = installed;
    this.#watching = this.#watch();
  }

  /** The most since the last time it was asked. */
  most(): number {
    const most = this.#most;
    this.#most = 0;
    return most;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      this.#most = Math.max(this.#most, (await this.#installed.inside.now()).rss);
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
    }
  }
}

function close(sockets: readonly RawWebSocket[]): void {
  for (const { line } of sockets) line.destroy();
}
