import { constants } from 'node:os';

/** A signal has asked the command to end before it was done. */
export class Ended extends Error {
  /** As shells tell it. */
  readonly code: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`Ended by ${signal}.`);
    this.code = 128 + constants.signals[signal];
  }
}

/**
 * Tells of the first signal that asks the command to end; the next one ends it at once.
 *
 * Without it a PostgreSQL that the command has started would run on, and a draft would stay.
 */
export function hearEnding(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const ended = new Ended(signal);
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(ended.code);
      ending.abort(ended);
    });
  }
  return ending.signal;
}
