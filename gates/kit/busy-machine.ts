import { cpus } from 'node:os';

/** Times that a busy machine may stretch a delay, at the most. */
const mostStretch = 10;

/** What the processors have done until now, in ms of one processor. */
interface Worked {
  readonly idleMs: number;
  readonly totalMs: number;
}

/**
 * Tells how much all that runs on this machine leaves of its processors, over the spans it is told of.
 *
 * A process that wakes up waits for its turn the longer the more others want one: a delay is stretched
 * by about all processors to the idle ones.
 */
export class BusyMachine {
  #idleMs = 0;
  #totalMs = 0;

  /** Runs the span; what it answers is the span's. */
  async during<T>(span: () => Promise<T>): Promise<T> {
    const before = workedUntilNow();
    const result = await span();
    const after = workedUntilNow();
    this.#idleMs += after.idleMs - before.idleMs;
    this.#totalMs += after.totalMs - before.totalMs;
    return result;
  }

  /** 1 on a machine that does nothing else, 10 on one with nothing left. */
  get stretch(): number {
    if (this.#totalMs === 0) return 1;
    return Math.min(mostStretch, this.#totalMs / Math.max(this.#idleMs, 1));
  }
}

function workedUntilNow(): Worked {
  let [idleMs, totalMs] = [0, 0];
  for (const { times } of cpus()) {
    idleMs += times.idle;
    totalMs += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idleMs, totalMs };
}
