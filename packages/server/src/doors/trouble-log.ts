import { ParleyError } from '@parley/protocol';
import type { Logger } from 'pino';
import { failureKind } from '../db/failure.ts';

const everyMs = 1_000;

interface Told {
  at: number;
  /** How often it was not told since. */
  untold: number;
}

/**
 * Tells the log of what fails again and again while something is away: once a second, with a count.
 *
 * Without a database every request fails; a line for each would cost more than the requests.
 */
export class TroubleLog {
  readonly #log: Pick<Logger, 'warn' | 'error'>;
  readonly #told = new Map<string, Told>();

  constructor(log: Pick<Logger, 'warn' | 'error'>) {
    this.#log = log;
  }

  /** A warning; `text` names the kind, of which one is told a second. */
  warn(about: object, text: string): void {
    const now = performance.now();
    const told = this.#told.get(text) ?? { at: Number.NEGATIVE_INFINITY, untold: 0 };
    this.#told.set(text, told);
    if (now - told.at < everyMs) {
      told.untold++;
      return;
    }
    this.#log.warn({ ...about, untold: told.untold }, text);
    told.at = now;
    told.untold = 0;
  }

  /** Work that nobody waits for has failed: a warning when something is away, else an error. */
  background(error: unknown): void {
    if (isTrouble(error)) this.warn({ err: error }, 'background work has to wait');
    else this.#log.error({ err: error }, 'background work failed');
  }
}

function isTrouble(error: unknown): boolean {
  if (error instanceof ParleyError) return error.code === 'unavailable';
  const kind = failureKind(error);
  return kind === 'unavailable' || kind === 'contended';
}
