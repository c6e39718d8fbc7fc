// Pairs of talking people in a process of their own: their delays are the server's and the machine's,
// not those of whoever loads the server. Told what to do by messages; see pair.ts.
import { type PairPlan, type PairReport, sumOf, TalkingPair } from './talking-pair.ts';

/** What the process is told. */
export type PairOrder = { readonly start: readonly PairPlan[] } | 'pause' | 'resume';

/** What it tells: that it did so, or how it went until the pause. */
export type PairNews = { readonly done: true } | { readonly report: PairReport };

let pairs: TalkingPair[] = [];

process.on('message', (order: PairOrder) => void follow(order));
process.on('disconnect', () => process.exit());

async function follow(order: PairOrder): Promise<void> {
  process.send?.(await newsOf(order));
}

async function newsOf(order: PairOrder): Promise<PairNews> {
  if (order === 'pause') {
    return { report: sumOf(await Promise.all(pairs.map((pair) => pair.pause()))) };
  }
  if (order === 'resume') for (const pair of pairs) pair.resume();
  else pairs = await Promise.all(order.start.map((plan) => TalkingPair.start(plan)));
  return { done: true };
}
