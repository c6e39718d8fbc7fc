import type { SeededRandom } from '../kit/seeded-random.ts';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';

/** Something that reads what strangers send. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with: good ones, so that what follows the first check is reached. */
  readonly seeds: readonly (string | Buffer)[];
  readonly words: readonly string[];
  /** Reads one input. Throws when what comes of it breaks a promise. */
  read(input: Buffer): void;
}

/** An input that broke a promise, or took too long. */
export interface Finding {
  readonly input: Buffer;
  readonly why: string;
}

export interface Fuzzed {
  readonly execs: number;
  /** Inputs kept because each ran something that none before it had. */
  readonly corpus: number;
  readonly slowestMs: number;
  readonly finding: Finding | undefined;
}

interface FuzzOptions {
  readonly random: SeededRandom;
  readonly coverage: Coverage;
  readonly execs: number;
  /** CPU time that one input may take. */
  readonly mostMs: number;
}

/**
 * Inputs between two looks at the coverage: a look costs as much as some hundred of them, and finding
 * out which of a batch was new costs a few times the batch. So they grow while nothing is new.
 */
const batchSize = { least: 64, most: 2_048 };

/**
 * Feeds a target with mutated inputs, and keeps those that reach code no other has reached.
 *
 * Ends at the first finding, or after so many inputs. The same seed makes the same inputs as long as
 * the code is the same.
 */
export function fuzz(target: Target, options: FuzzOptions): Fuzzed {
  const { random, coverage, execs, mostMs } = options;
  const corpus: Buffer[] = [];
  let done = 0;
  let slowestMs = 0;
  let finding: Finding | undefined;

  const execute = (input: Buffer) => {
    done++;
    const began = performance.now();
    const why = faultOf(target, input);
    const ms = performance.now() - began;
    if (why !== undefined) finding ??= { input, why };
    // On a shared machine a pause is not the input's fault: only the best of several counts.
    const best = ms <= mostMs ? ms : Math.min(ms, ...[1, 2, 3].map(() => cpuMsOf(target, input)));
    slowestMs = Math.max(slowestMs, best);
    if (best > mostMs) finding ??= { input, why: `takes ${best.toFixed(0)} ms of CPU` };
  };

  for (const seed of target.seeds) {
    const input = Buffer.from(seed);
    execute(input);
    corpus.push(input);
  }
  coverage.take();

  let size = batchSize.least;
  while (done < execs && finding === undefined) {
    const batch: Buffer[] = [];
    for (let count = 0; count < size && finding === undefined; count++) {
      // The newest are the furthest in: they get half of the tries.
      const from = random.chance(0.5) ? Math.max(0, corpus.length - 8) : 0;
      const parent = corpus[from + random.below(corpus.length - from)] ?? Buffer.alloc(0);
      const input = mutate(parent, { random, words: target.words, others: corpus });
      batch.push(input);
      execute(input);
    }
    const fresh = coverage.take();
    corpus.push(...thoseThatRan(fresh, target, batch, coverage));
    size = fresh.length > 0 ? batchSize.least : Math.min(batchSize.most, 2 * size);
  }
  return { execs: done, corpus: corpus.length, slowestMs, finding };
}

/** The inputs of a batch that run these blocks, found by halves: each look at the coverage is dear. */
function thoseThatRan(
  blocks: readonly string[],
  target: Target,
  batch: readonly Buffer[],
  coverage: Coverage,
): Buffer[] {
  const found: Buffer[] = [];
  const left = new Set(blocks);
  const ranIn = (inputs: readonly Buffer[]) => {
    for (const input of inputs) faultOf(target, input);
    return coverage.among(left);
  };
  while (left.size > 0) {
    let [from, to] = [0, batch.length];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (ranIn(batch.slice(from, middle)).length > 0) to = middle;
      else from = middle;
    }
    const input = batch[from];
    const ran = input === undefined ? [] : ranIn([input]);
    // What ran only the first time, or in a timer, is no input's merit.
    if (input === undefined || ran.length === 0) return found;
    found.push(input);
    for (const block of ran) left.delete(block);
  }
  return found;
}

function faultOf(target: Target, input: Buffer): string | undefined {
  try {
    target.read(input);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function cpuMsOf(target: Target, input: Buffer): number {
  const before = process.threadCpuUsage();
  faultOf(target, input);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
