import { setTimeout as pause } from 'node:timers/promises';
import { type ClusterOptions, startCluster } from './cluster.ts';
import { type EmbeddedOptions, startEmbeddedTopology } from './embedded.ts';
import type { Failure, Size } from './gate.ts';
import { type Installed, startInstallation } from './installation.ts';
import type { GatePostgres } from './postgres.ts';
import { SeededRandom } from './seeded-random.ts';
import type { Postgres, Topology } from './topology.ts';

/** What a part may take before it counts as hanging; none is as long. */
const longestPartMs = { ci: 20 * 60_000, full: 26 * 3_600_000 };
/** How long the end of what is left may take. */
const closeMs = 20_000;

const ignore = () => {};

async function hangs(ms: number): Promise<never> {
  await pause(ms, undefined, { ref: false });
  throw new Error(`it has not ended after ${ms / 60_000} minutes`);
}

/** Ends a run at its first failure. */
export class Enough extends Error {}

interface RunOptions {
  readonly size: Size;
  readonly seed: number;
  readonly only: string | undefined;
  /** Stop at the first failure. */
  readonly first: boolean;
  readonly postgres: () => Promise<GatePostgres>;
  readonly say: (text: string) => void;
}

/** One run of a gate: its size and seed, its parts, what fell short. */
export class Run {
  readonly size: Size;
  readonly seed: number;
  readonly random: SeededRandom;
  readonly failures: Failure[] = [];
  readonly figures: Record<string, number | string> = {};
  readonly parts: string[] = [];
  readonly #options: RunOptions;
  readonly #topologies: Promise<Topology>[] = [];
  #part = '';
  #stop: (why: Enough) => void = ignore;
  /** Rejects at the first failure, where that is enough. Failures are also found in callbacks. */
  readonly #enough: Promise<never>;

  constructor(options: RunOptions) {
    this.size = options.size;
    this.seed = options.seed;
    this.random = new SeededRandom(options.seed);
    this.#options = options;
    this.#enough = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#enough.catch(ignore);
  }

  /** The number for this run's size. */
  sized(numbers: Readonly<Record<Size, number>>): number {
    return numbers[this.size];
  }

  /** Runs a part, unless another one alone was asked for. What it throws is a failure of the gate. */
  async part(name: string, work: () => Promise<void>): Promise<void> {
    this.parts.push(name);
    const { only } = this.#options;
    if (only !== undefined && only !== name) return;
    this.#part = name;
    // Every part has chances of its own, so that one alone goes as it goes among the others.
    this.random.restart(name);
    const [began, failed] = [performance.now(), this.failures.length];
    try {
      const working = work();
      // What goes on after the first failure is nobody's any more.
      working.catch(ignore);
      await Promise.race([working, this.#enough, hangs(longestPartMs[this.size])]);
    } catch (error) {
      if (error instanceof Enough) throw error;
      this.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
      if (this.#options.first) throw new Enough();
    } finally {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const verdict = this.failures.length === failed ? 'ok    ' : 'FAILED';
      this.say(`${verdict} ${name} (${seconds} s)`);
    }
  }

  /** Something is not as promised. */
  fail(what: string): void {
    this.failures.push({ part: this.#part, what });
    if (this.failures.length <= 60) this.say(`  ${this.#part}: ${what}`);
    if (!this.#options.first) return;
    // Whatever else is under way has nobody who waits for it any more.
    process.off('unhandledRejection', ignore).on('unhandledRejection', ignore);
    this.#stop(new Enough(what));
  }

  /** Fails unless it is so; `what` says what should have been. */
  expect(isSo: boolean, what: string): void {
    if (!isSo) this.fail(what);
  }

  /** A figure for the result. */
  note(name: string, value: number | string): void {
    this.figures[name] = typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  }

  /** A line for people. */
  say(text: string): void {
    this.#options.say(text);
  }

  /** A server of this run's own, on a database of its own. */
  async install(env: Readonly<Record<string, string>> = {}): Promise<Installed> {
    return startInstallation(await this.#options.postgres(), env);
  }

  /** Several nodes of this run's own behind nginx, on one database and one Redis. */
  cluster(options: ClusterOptions = {}): Promise<Topology> {
    const random = new SeededRandom(this.seed, `${this.#part} lines`);
    return this.#keep(startCluster(this.#options.postgres, random, options));
  }

  /** One process of this run's own with its data folder and embedded PostgreSQL. */
  embedded(options: EmbeddedOptions = {}): Promise<Topology & { readonly postgres: Postgres }> {
    const random = new SeededRandom(this.seed, `${this.#part} lines`);
    return this.#keep(startEmbeddedTopology(random, options));
  }

  /** Ends what parts that were broken off have left: a run that had enough does not wait for them. */
  async close(): Promise<void> {
    const ending = this.#topologies.map(async (one) => (await one)[Symbol.asyncDispose]());
    const late = new Promise((resolve) => setTimeout(resolve, closeMs));
    await Promise.race([Promise.allSettled(ending), late]);
  }

  #keep<Kept extends Topology>(starting: Promise<Kept>): Promise<Kept> {
    this.#topologies.push(starting);
    // Who asked for it hears of its failure.
    starting.catch(() => {});
    return starting;
  }
}
