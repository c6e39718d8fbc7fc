import type { Environment } from '../environment.ts';
import type { Line } from '../line/line.ts';
import { Timer } from '../timer.ts';

/** A line that has been silent gets this long to answer a ping. */
const patientMs = 10_000;
/** After sleep, or a change of network, a line is more likely dead: then less. */
const hastyMs = 3_000;
/** A timer that is this late means that the device slept. */
const sleepMs = 5_000;

/** Watches one line: asks it when it is silent or suspect, and says when it is dead. */
export class Heartbeat {
  readonly #env: Environment;
  readonly #line: Line;
  readonly #beatMs: number;
  readonly #dead: () => void;
  readonly #timer: Timer;
  #probing = false;
  #stopped = false;

  constructor(env: Environment, line: Line, beatMs: number, dead: () => void) {
    this.#env = env;
    this.#line = line;
    this.#beatMs = Math.max(beatMs, 1_000);
    this.#dead = dead;
    this.#timer = new Timer(env);
    this.#watch();
  }

  /** Something happened to the device: asks the line now. */
  suspect(): void {
    this.#probe(hastyMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.clear();
  }

  #watch(): void {
    const silentMs = this.#env.now() - this.#line.heardAt;
    // Clamped: the clock may have been set back since.
    const waitMs = Math.min(Math.max(this.#beatMs - silentMs, 100), this.#beatMs);
    const due = this.#env.now() + waitMs;
    this.#timer.set(waitMs, () => {
      if (this.#env.now() - due > sleepMs) this.#probe(hastyMs);
      else if (this.#env.now() - this.#line.heardAt >= this.#beatMs) this.#probe(patientMs);
      this.#watch();
    });
  }

  #probe(waitMs: number): void {
    if (this.#probing || this.#stopped) return;
    this.#probing = true;
    const heardAt = this.#line.heardAt;
    const settled = () => {
      this.#probing = false;
      // Any frame is a sign of life, also where the answer to the ping itself is late.
      if (!this.#stopped && this.#line.heardAt === heardAt) this.#dead();
    };
    this.#line.request('ping', {}, waitMs).then(settled, settled);
  }
}
