import type { Environment } from './environment.ts';
import { Timer } from './timer.ts';

interface PaceOptions {
  /** Wait this long for more of the same before the first run. */
  readonly gatherMs: number;
  /** Not again within this time. */
  readonly everyMs: number;
  /** Returns after how many milliseconds it wants to run again, if it does. */
  readonly job: () => Promise<number | undefined>;
}

/** Runs a job when it is wanted: gathered, paced, and never twice at once. */
export class Pace {
  readonly #env: Environment;
  readonly #options: PaceOptions;
  readonly #timer: Timer;
  #lastRun = Number.NEGATIVE_INFINITY;
  #running = false;
  #wantedAgain = false;

  constructor(env: Environment, options: PaceOptions) {
    this.#env = env;
    this.#options = options;
    this.#timer = new Timer(env);
  }

  want(): void {
    if (this.#running) this.#wantedAgain = true;
    else if (!this.#timer.armed) this.#arm(this.#options.gatherMs);
  }

  /** Forgets what was wanted. A job under way ends by itself. */
  stop(): void {
    this.#timer.clear();
    this.#wantedAgain = false;
  }

  #arm(ms: number): void {
    const { everyMs } = this.#options;
    // Clamped: the clock may have been set back since.
    const restMs = Math.min(this.#lastRun + everyMs - this.#env.now(), everyMs);
    this.#timer.set(Math.max(ms, restMs), () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#lastRun = this.#env.now();
    const againMs = await this.#options.job();
    this.#running = false;
    if (this.#wantedAgain) this.#arm(Math.max(againMs ?? 0, this.#options.gatherMs));
    else if (againMs !== undefined) this.#arm(againMs);
    this.#wantedAgain = false;
  }
}
