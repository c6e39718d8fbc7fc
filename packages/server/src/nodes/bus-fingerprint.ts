import { randomUUID } from 'node:crypto';

/** What is asked of the Redis that carries the news. */
export interface FingerprintKeeper {
  run(key: string, args: readonly string[]): Promise<unknown>;
}

const key = 'parley:fingerprint';

/**
 * Which Redis it is: a random name that the nodes keep there, so that they see whether they share it.
 *
 * After a FLUSHALL whoever asks first writes the name that it knew again.
 */
export class BusFingerprint {
  readonly #redis: FingerprintKeeper;
  #known: string = randomUUID();
  #isRead = false;

  constructor(redis: FingerprintKeeper) {
    this.#redis = redis;
  }

  /** The name as last read; null while none could be. */
  get known(): string | null {
    return this.#isRead ? this.#known : null;
  }

  /** Reads it, having made it if it was not there. While Redis is away the last one holds. */
  async read(): Promise<string | null> {
    try {
      await this.#redis.run(key, ['SET', key, this.#known, 'NX']);
      const found = await this.#redis.run(key, ['GET', key]);
      if (found !== null && found !== undefined) {
        this.#known = String(found);
        this.#isRead = true;
      }
    } catch {
      // It is away: the connection to it says so by itself.
    }
    return this.known;
  }
}
