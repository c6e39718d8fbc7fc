import { limits } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { Timer } from '../timer.ts';

/** This long after the last key, one is no longer typing. */
const restMs = 1_000;

/** My own typing sign in one conversation: lit at the first key, refreshed, put out by itself. */
export class TypingSender {
  readonly #env: Pick<Environment, 'now' | 'after'>;
  readonly #tell: (typing: boolean) => void;
  readonly #rest: Timer;
  #litAt: number | null = null;

  constructor(env: Pick<Environment, 'now' | 'after'>, tell: (typing: boolean) => void) {
    this.#env = env;
    this.#tell = tell;
    this.#rest = new Timer(env);
  }

  key(): void {
    const now = this.#env.now();
    if (this.#litAt === null || Math.abs(now - this.#litAt) >= limits.typingRefreshMs) {
      this.#litAt = now;
      this.#tell(true);
    }
    this.#rest.set(restMs, () => this.end());
  }

  end(): void {
    this.#rest.clear();
    if (this.#litAt === null) return;
    this.#litAt = null;
    this.#tell(false);
  }

  /** The line is gone: others see the sign go out by itself. */
  forget(): void {
    this.#rest.clear();
    this.#litAt = null;
  }
}
