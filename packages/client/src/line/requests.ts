import { type CommandResult, type CommandType, ParleyError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { pauseMs } from '../monitor/backoff.ts';
import type { Line } from './line.ts';
import type { Outgoing } from './wire.ts';

/** Asks over whichever line is there: once, or until there is an answer. */
export class Requests {
  readonly #env: Environment;
  #line: Line | null = null;
  /** Those who wait for a line; called with null when there will be none. */
  readonly #waiting = new Set<(line: Line | null) => void>();
  /** Those who wait before they ask again; called early when waiting is over. */
  readonly #pausing = new Set<() => void>();
  #closed = true;

  constructor(env: Environment) {
    this.#env = env;
  }

  get line(): Line | null {
    return this.#line;
  }

  open(): void {
    this.#closed = false;
  }

  online(line: Line): void {
    this.#line = line;
    this.#release(line);
  }

  offline(): void {
    this.#line = null;
    for (const resume of [...this.#pausing]) resume();
  }

  /** Nobody waits any longer: all are rejected. */
  close(): void {
    this.#closed = true;
    this.offline();
    this.#release(null);
  }

  /** Asks once. Rejects with `unavailable` without a line, and when the line is lost on the way. */
  async ask<T extends CommandType>(type: T, input: Outgoing<T>): Promise<CommandResult<T>> {
    if (this.#line === null) throw offline();
    return this.#line.request(type, input);
  }

  /**
   * Asks again, across connections, until there is a result or a refusal; for what may be repeated.
   *
   * Rejects with the server's refusal, or `unavailable` once the client is disconnected.
   */
  async insist<T extends CommandType>(type: T, input: Outgoing<T>): Promise<CommandResult<T>> {
    for (let attempt = 1; ; attempt++) {
      const line = this.#line ?? (await this.#nextLine());
      try {
        return await line.request(type, input);
      } catch (error) {
        if (!(error instanceof ParleyError) || !error.retryable) throw error;
        if (line === this.#line) {
          await this.pause(pauseMs(attempt, error.retryAfterMs, this.#env.random));
        }
      }
    }
  }

  /** Waits; ends early when the line is lost. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        callOff();
        this.#pausing.delete(resume);
        resolve();
      };
      const callOff = this.#env.after(ms, resume);
      this.#pausing.add(resume);
    });
  }

  #nextLine(): Promise<Line> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw offline();
      const take = (line: Line | null) => {
        this.#waiting.delete(take);
        if (line === null) reject(offline());
        else resolve(line);
      };
      this.#waiting.add(take);
    });
  }

  #release(line: Line | null): void {
    for (const take of [...this.#waiting]) take(line);
  }
}

function offline(): ParleyError {
  return new ParleyError('unavailable', {
    message: 'There is no connection to the server now. Try again when it is back.',
  });
}
