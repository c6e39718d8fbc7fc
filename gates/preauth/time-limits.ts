import { contract } from '../kit/contract.ts';
import type { Run } from '../kit/run.ts';
import { Addresses } from './addresses.ts';
import { arrive, type Newcomer, newcomers } from './newcomers.ts';

const each = 5;
const dripMs = 300;
/** Beyond the limit: looking at the clock now and then, and a close that we do not answer. */
const toleranceMs = 2_000;
/** Then we are convinced that it stays. */
const patienceMs = contract.helloMs + toleranceMs + 500;

/** Every kind of newcomer is gone in time, whatever it does; answers the longest that one stayed. */
export async function checkTimeLimits(run: Run, port: number): Promise<number> {
  const addresses = new Addresses(50);
  const stays = await Promise.all(
    newcomers(port).flatMap((one) =>
      Array.from({ length: each }, async () => {
        const ms = await stay(port, one, addresses.next());
        if (ms === undefined || ms > contract.helloMs + toleranceMs) {
          run.fail(
            `${one.what}: there for ${ms === undefined ? 'longer than we waited' : `${Math.round(ms)} ms`}`,
          );
        }
        return { one, ms: ms ?? Number.POSITIVE_INFINITY };
      }),
    ),
  );
  for (const one of new Set(stays.map((stayed) => stayed.one))) {
    const longest = Math.max(...stays.filter((stayed) => stayed.one === one).map(({ ms }) => ms));
    run.note(`ms for ${one.what}`, Math.round(longest));
  }
  return Math.max(...stays.map(({ ms }) => ms));
}

/** How long it is let stay; undefined when it outstays us. */
async function stay(port: number, one: Newcomer, from: string): Promise<number | undefined> {
  const began = performance.now();
  const line = await arrive(port, one, from);
  const late = setTimeout(() => line.destroy(), patienceMs);
  const { drip = Buffer.alloc(0) } = one;
  let at = 0;
  // Bytes or frames of a few bytes: never what would be a whole hello.
  const size = Math.max(1, Math.floor(drip.length / 20));
  const dripping = setInterval(() => {
    line.write(drip.subarray(at, at + size));
    at += size;
  }, dripMs);
  // What the server says is read and not answered.
  line.pipe(() => {});
  const { at: ended } = await line.ended;
  clearInterval(dripping);
  clearTimeout(late);
  line.destroy();
  const ms = ended - began;
  return ms >= patienceMs - 50 ? undefined : ms;
}
