import { contract } from '../kit/contract.ts';
import type { Installed } from '../kit/installation.ts';
import type { RawSocket } from '../kit/raw-socket.ts';
import type { Run } from '../kit/run.ts';
import { Addresses } from './addresses.ts';
import { arrive, type Newcomer, newcomers } from './newcomers.ts';

/** They come this many at a time. */
const atOnce = 64;
/** Whoever is still there after this will never go: the time for hello, and for the close. */
const emptyMs = 8_000;
const tries = 3;
/** So many times too much is no step. */
const hopeless = 1.5;
/** With fewer at a time the memory of other things is as large. */
const fewest = 500;

/** Memory that newcomers cost while they are there; answers KiB for each of the dearest kind. */
export async function measureIdle(run: Run, count: number): Promise<number> {
  let most = 0;
  // The port does not matter for those who send nothing more.
  for (const one of newcomers(0).filter(({ drip }) => drip === undefined)) {
    const costs: number[] = [];
    // A process grows in steps, which only ever adds: the least of some measurements is nearest.
    while (costs.length < tries && !costs.some((cost) => cost <= contract.newcomerKiB)) {
      costs.push(await measure(run, one, count));
      if (Math.min(...costs) > hopeless * contract.newcomerKiB) break;
    }
    const least = Math.min(...costs);
    run.expect(least <= contract.newcomerKiB, `${one.what} costs ${least.toFixed(1)} KiB each`);
    most = Math.max(most, least);
  }
  return most;
}

/**
 * What each of many newcomers costs, in KiB.
 *
 * Half of them make the heap as large as such a load makes it; what the other half adds is the cost.
 * The server is a new one: one that had many before has room left, and their cost would not show.
 */
async function measure(run: Run, one: Newcomer, count: number): Promise<number> {
  await using installed = await run.install();
  await installed.inside.grown();
  const first = await open(installed.port, one, count / 2);
  const before = await installed.inside.collected();
  const second = await open(installed.port, one, count / 2);
  const during = await installed.inside.collected();
  const there = second.filter((line) => !line.over).length;
  const left = first.filter((line) => line.over).length;
  await close([...first, ...second]);
  if (there < count / 2 || left > 0) {
    if (count < 2 * fewest) throw new Error(`some of ${count} were gone before all were there`);
    // A busy machine takes longer than newcomers may stay.
    return measure(run, one, count / 2);
  }
  const rss = (during.rss - before.rss) / there / 1024;
  const held = during.heapUsed + during.external - before.heapUsed - before.external;
  const heap = held / there / 1024;
  run.note(
    `KiB for ${one.what}`,
    `RSS ${rss.toFixed(1)}, heap and buffers ${heap.toFixed(1)} (${count} together)`,
  );
  return Math.max(rss, heap);
}

async function open(port: number, one: Newcomer, count: number): Promise<RawSocket[]> {
  const addresses = new Addresses(200);
  const lines: RawSocket[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) lines.push(await arrive(port, one, addresses.next()));
    }),
  );
  return lines;
}

async function close(lines: readonly RawSocket[]): Promise<void> {
  for (const line of lines) line.destroy();
  await Promise.all(lines.map((line) => line.ended));
}

/** Resolves when the server has no WebSocket left but those of people who talk. */
export async function isEmpty(installed: Installed, people = 0): Promise<void> {
  const until = performance.now() + emptyMs;
  for (;;) {
    const { text } = await installed.call('GET', '/metrics');
    const count = Number(/^parley_connections (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
    if (count <= people) return;
    if (performance.now() > until) throw new Error(`the server still has ${count} connections`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
