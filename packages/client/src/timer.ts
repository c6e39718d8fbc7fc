import type { Environment } from './environment.ts';

// Longer ones fire at once, in Node and in browsers.
const longestMs = 2 ** 31 - 1;

/** One alarm that can be set again and again; what it was set to before is forgotten. */
export class Timer {
  readonly #after: Environment['after'];
  #cancel: (() => void) | null = null;

  constructor(env: Pick<Environment, 'after'>) {
    this.#after = env.after;
  }

  get armed(): boolean {
    return this.#cancel !== null;
  }

  set(ms: number, call: () => void): void {
    this.clear();
    this.#cancel = this.#after(Math.min(Math.max(ms, 0), longestMs), () => {
      this.#cancel = null;
      call();
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
