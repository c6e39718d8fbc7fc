import { pause } from '../history/talk.ts';
import type { Node } from '../kit/topology.ts';

/** A process notices a step within a second; the date of an answer is kept for another one. */
const patienceMs = 8_000;
/** Leap days, and what passes between two looks. */
const offShare = 0.01;
const offMs = 3_000;

/**
 * Resolves when this node's own clock is off by so much: it says so in the date of its answers.
 *
 * A clock that was never moved would make everything here pass. Throws when it is not.
 */
export async function believes(node: Node | undefined, ms: number): Promise<void> {
  if (node === undefined) throw new Error('there is no such node');
  for (const until = performance.now() + patienceMs; ; await pause(200)) {
    const off = await offOf(node);
    if (Math.abs(off - ms) <= Math.abs(ms) * offShare + offMs) return;
    if (performance.now() > until) {
      throw new Error(`the clock of node ${node.index} is off by ${off} ms, not by ${ms}`);
    }
  }
}

/** The same of a clock that runs twice as fast, after at least so many ms: it is ahead by them. */
export async function runsAhead(node: Node | undefined, ms: number): Promise<void> {
  if (node === undefined) throw new Error('there is no such node');
  const off = await offOf(node);
  if (off < ms - offMs)
    throw new Error(`the clock of node ${node.index} is ahead by ${off} ms only`);
}

async function offOf(node: Node): Promise<number> {
  const { headers } = await node.call('GET', '/healthz');
  return Date.parse(String(headers['date'])) - Date.now();
}
