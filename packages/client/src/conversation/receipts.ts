import { type ConversationRow, limits, type Mark, ParleyError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import type { Requests } from '../line/requests.ts';
import { pauseMs } from '../monitor/backoff.ts';
import { Pace } from '../pace.ts';
import { markOf } from './marks.ts';

const readEveryMs = 300;

interface ReceiptsParts {
  readonly requests: Requests;
  /** The server has taken my mark. */
  taken(conversation: string, mark: Partial<Mark>): void;
}

/** Tells the server what I have read and received: gathered, paced, kept while there is no line. */
export class Receipts {
  readonly #env: Environment;
  readonly #parts: ReceiptsParts;
  readonly #reads = new Map<string, number>();
  readonly #delivered = new Map<string, number>();
  readonly #readPace: Pace;
  readonly #deliveredPace: Pace;
  #attempt = 0;

  constructor(env: Environment, parts: ReceiptsParts) {
    this.#env = env;
    this.#parts = parts;
    this.#readPace = new Pace(env, {
      gatherMs: 0,
      everyMs: readEveryMs,
      job: () => this.#sendReads(),
    });
    this.#deliveredPace = new Pace(env, {
      gatherMs: 0,
      everyMs: limits.deliveredEveryMs,
      job: () => this.#sendDelivered(),
    });
  }

  /** Whether my reading of it is still on its way. */
  isMarking(conversation: string): boolean {
    return this.#reads.has(conversation);
  }

  read(conversation: string, seq: number): void {
    raise(this.#reads, conversation, seq);
    this.#readPace.want();
  }

  /** A conversation is known up to here: tells so, unless all that is new is my own. */
  received(row: ConversationRow, me: string): void {
    if (markOf(row.marks, me).delivered >= row.last_seq) return;
    const ofOthers = row.last_message !== null && row.last_message.sender !== me;
    if (!ofOthers && row.unread === 0) return;
    if ((this.#delivered.get(row.id) ?? 0) >= row.last_seq) return;
    this.#delivered.set(row.id, row.last_seq);
    this.#deliveredPace.want();
  }

  /** I am no longer in it. */
  forget(conversation: string): void {
    this.#reads.delete(conversation);
    this.#delivered.delete(conversation);
  }

  resume(): void {
    this.#attempt = 0;
    if (this.#reads.size > 0) this.#readPace.want();
    if (this.#delivered.size > 0) this.#deliveredPace.want();
  }

  stop(): void {
    this.#readPace.stop();
    this.#deliveredPace.stop();
  }

  async #sendReads(): Promise<number | undefined> {
    for (const [conversation, seq] of [...this.#reads]) {
      const input = { conversation, seq };
      const againMs = await this.#send(this.#reads, new Map([[conversation, seq]]), () =>
        this.#parts.requests.ask('read', input),
      );
      if (againMs !== undefined) return againMs;
      this.#parts.taken(conversation, { read: seq });
    }
    return undefined;
  }

  async #sendDelivered(): Promise<number | undefined> {
    const marks = new Map([...this.#delivered].slice(0, limits.knownPerSync));
    if (marks.size === 0) return undefined;
    const againMs = await this.#send(this.#delivered, marks, () =>
      this.#parts.requests.ask('delivered', { marks: Object.fromEntries(marks) }),
    );
    if (againMs !== undefined) return againMs;
    for (const [conversation, seq] of marks) this.#parts.taken(conversation, { delivered: seq });
    return this.#delivered.size > 0 ? limits.deliveredEveryMs : undefined;
  }

  /** Returns after how long to try again; undefined once it is done, or refused for ever. */
  async #send(
    waiting: Map<string, number>,
    sent: ReadonlyMap<string, number>,
    ask: () => Promise<unknown>,
  ): Promise<number | undefined> {
    try {
      await ask();
      this.#attempt = 0;
    } catch (error) {
      if (error instanceof ParleyError && error.retryable) {
        // Without a line `resume` comes sooner than this.
        return 1_000 + pauseMs(++this.#attempt, error.retryAfterMs, this.#env.random);
      }
    }
    for (const [conversation, seq] of sent) {
      if (waiting.get(conversation) === seq) waiting.delete(conversation);
    }
    return undefined;
  }
}

function raise(marks: Map<string, number>, conversation: string, seq: number): void {
  marks.set(conversation, Math.max(marks.get(conversation) ?? 0, seq));
}
