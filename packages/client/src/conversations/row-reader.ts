import { ParleyError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import type { Requests } from '../line/requests.ts';
import { Pace } from '../pace.ts';
import type { Replica } from './replica.ts';

/** Where a row came too early or too late, it is read again after this time. */
const againMs = 250;

interface RowReaderParts {
  readonly requests: Requests;
  readonly replica: Replica;
  /** Whether what I have read is still on its way to the server: its count would be old. */
  isMarking(conversation: string): boolean;
}

/** Reads single conversations: those never heard of, and those where something cannot be computed. */
export class RowReader {
  readonly #parts: RowReaderParts;
  readonly #wanted = new Set<string>();
  readonly #pace: Pace;

  constructor(env: Environment, parts: RowReaderParts) {
    this.#parts = parts;
    this.#pace = new Pace(env, { gatherMs: 0, everyMs: 0, job: () => this.#readWanted() });
  }

  want(id: string): void {
    this.#wanted.add(id);
    this.#pace.want();
  }

  /** Goes on, once online or once marks have arrived. */
  resume(): void {
    if (this.#wanted.size > 0) this.#pace.want();
  }

  stop(): void {
    this.#pace.stop();
  }

  /**
   * Reads one row; false when that told nothing certain, and it is to be read again.
   *
   * Rejects once disconnected.
   */
  async read(id: string): Promise<boolean> {
    const { requests, replica } = this.#parts;
    const before = replica.get(id);
    const reading = replica.begin();
    try {
      const { conversation } = await requests.insist('conversation.get', { conversation: id });
      return replica.adopt(conversation, reading);
    } catch (error) {
      if (error instanceof ParleyError && error.retryable) throw error;
      if (reading.added.has(id)) return true;
      // Another answer has brought it meanwhile: either may be the older one.
      if (replica.get(id) !== before) return false;
      replica.removed(id);
      return true;
    } finally {
      replica.end(reading);
    }
  }

  async #readWanted(): Promise<number | undefined> {
    let again: number | undefined;
    for (const id of [...this.#wanted]) {
      if (this.#parts.isMarking(id)) continue;
      this.#wanted.delete(id);
      try {
        if (await this.read(id)) continue;
        again = againMs;
      } catch {
        // Disconnected: `resume` goes on.
      }
      this.#wanted.add(id);
    }
    return again;
  }
}
