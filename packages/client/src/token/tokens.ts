import { ParleyError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import type { Line } from '../line/line.ts';
import { backoffMs } from '../monitor/backoff.ts';
import { Timer } from '../timer.ts';

/** A provider that has not answered by then is asked again. */
export const providerMs = 30_000;
/** This many tokens in a row that the server would not take end it. */
const refusalsToEnd = 4;

/** A token that the server took, and what is to be done when there will be no other. */
interface Accepted {
  readonly line: Line;
  /** By the server's clock, and how far that is ahead of ours. */
  readonly expiresAt: string;
  readonly aheadMs: number;
  readonly refuse: (message: string) => void;
}

const earlyMs = 20;

/**
 * The token: asked for once at a time, kept while it is good, renewed in place before it ends.
 *
 * A provider refuses by rejecting with a ParleyError that is not retryable, such as `unauthorized`;
 * any other rejection is a failure that may pass.
 */
export class Tokens {
  readonly #env: Environment;
  readonly #provider: () => Promise<string>;
  readonly #renewal: Timer;
  #token: string | null = null;
  #renewAt = Number.POSITIVE_INFINITY;
  #asking: { readonly since: number; readonly token: Promise<string> } | null = null;
  #accepted: Accepted | null = null;
  #refusals = 0;

  constructor(env: Environment, provider: () => Promise<string>) {
    this.#env = env;
    this.#provider = provider;
    this.#renewal = new Timer(env);
  }

  /** The kept token, or a new one. Rejects with whatever the provider rejects with. */
  get(): Promise<string> {
    const now = this.#env.now();
    if (this.#token !== null && now < this.#renewAt) return Promise.resolve(this.#token);
    if (this.#asking === null || now - this.#asking.since >= providerMs) {
      const asking = { since: now, token: this.#ask() };
      this.#asking = asking;
      const done = () => {
        if (this.#asking === asking) this.#asking = null;
      };
      asking.token.then(done, done);
    }
    return this.#asking.token;
  }

  /** The server would not take it. Returns false when it is no use to bring more. */
  refused(): boolean {
    this.#token = null;
    return ++this.#refusals < refusalsToEnd;
  }

  /** The server took it: it is renewed over the same line before it ends. */
  accepted(accepted: Accepted): void {
    this.#refusals = 0;
    this.#accepted = accepted;
    const leftMs = this.#leftMs(accepted);
    // In the last fifth of its time, so that tokens made together are not renewed together.
    const waitMs = leftMs * (0.8 + 0.1 * this.#env.random());
    // Timers fire a little early by the clock: the renewal would find the old token good enough.
    this.#renewAt = this.#env.now() + waitMs - earlyMs;
    this.#renewal.set(waitMs, () => void this.#renew(accepted, 1));
  }

  /** The line is gone: there is nothing to renew over. */
  pause(): void {
    this.#accepted = null;
    this.#renewal.clear();
  }

  async #renew(accepted: Accepted, attempt: number): Promise<void> {
    const current = () => this.#accepted === accepted;
    try {
      const token = await this.get();
      if (!current()) return;
      const { expires_at } = await accepted.line.request('token.refresh', { token });
      if (current()) this.accepted({ ...accepted, expiresAt: expires_at });
    } catch (error) {
      if (!current()) return;
      if (this.#token === null && isRefusal(error)) {
        accepted.refuse(error.message);
        return;
      }
      this.#token = null;
      // After its end the server closes the line, and the next connection brings a new one.
      if (this.#leftMs(accepted) <= 0) return;
      const waitMs = 1_000 + backoffMs(attempt, this.#env.random);
      this.#renewal.set(waitMs, () => void this.#renew(accepted, attempt + 1));
    }
  }

  #leftMs({ expiresAt, aheadMs }: Accepted): number {
    return Date.parse(expiresAt) - aheadMs - this.#env.now();
  }

  async #ask(): Promise<string> {
    this.#token = null;
    this.#renewAt = Number.POSITIVE_INFINITY;
    const token: unknown = await this.#provider();
    if (typeof token !== 'string' || token === '') {
      throw new Error('The token provider brought no token.');
    }
    this.#token = token;
    return token;
  }
}

/** Whether a provider says that there will be no token, rather than that it failed. */
export function isRefusal(error: unknown): error is ParleyError {
  return error instanceof ParleyError && !error.retryable;
}
