import { setTimeout } from 'node:timers/promises';
import { RawSocket } from '../kit/raw-socket.ts';
import { acceptOf, RawWebSocket, readHead, upgradeRequest } from '../kit/raw-web-socket.ts';

/** What somebody needs to come and come back; plain data, for another process. */
export interface ClientPlan {
  readonly token: string;
  /** The address to come from. */
  readonly from: string;
}

interface Head {
  version: number;
  last_seq: number;
}

interface Created {
  readonly conversation: string;
  readonly version: number;
  readonly seq: number;
}

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
/** Without a word from the server the next try comes after half a second at the most. */
const pauseMs = 500;
const answerMs = 15_000;

/**
 * One who is cut off and comes back at once, without spreading: the worst that clients can do.
 *
 * What the server says of when to come back is honoured as the SDK does.
 */
export class Client {
  readonly #plan: ClientPlan;
  readonly #port: number;
  readonly #heads = new Map<string, Head>();
  #epoch: string | undefined;
  #me = 0;
  #at: string | undefined;
  #socket: RawWebSocket | undefined;
  #answers = new Map<number, (frame: Readonly<Record<string, unknown>>) => void>();
  /** Tries that were refused, by what was said. */
  readonly refused: Record<string, number> = {};
  /** Messages that did not follow the one before. */
  holes = 0;
  resets = 0;
  /** Messages that `sync` told. */
  missed = 0;
  /** Events that did not follow the one before. */
  gaps = 0;
  /** What is heard until it is up to date. */
  #early: Created[] | undefined;

  constructor(port: number, plan: ClientPlan) {
    this.#port = port;
    this.#plan = plan;
  }

  /** The last message known, by conversation. */
  get lastSeqs(): ReadonlyMap<string, number> {
    return new Map([...this.#heads].map(([id, head]) => [id, head.last_seq]));
  }

  cut(): void {
    this.#socket?.line.destroy();
    this.#socket = undefined;
  }

  /** Comes back, however often it takes. Resolves when everything missed is known. */
  async resume(): Promise<void> {
    for (;;) {
      const waitMs = await this.#try();
      if (waitMs === undefined) return;
      await setTimeout(waitMs);
    }
  }

  /** Answers how long to wait before the next try. */
  async #try(): Promise<number | undefined> {
    const line = await RawSocket.connect(this.#port, { from: this.#plan.from }).catch(
      () => undefined,
    );
    if (line === undefined) return this.#refuse('no connection');
    line.write(upgradeRequest(this.#port, { key }));
    const head = await readHead(line);
    if (head?.headers.get('sec-websocket-accept')?.[0] !== acceptOf(key)) {
      line.destroy();
      const after = Number(head?.headers.get('retry-after')?.[0] ?? Number.NaN);
      return this.#refuse(`upgrade: ${head?.status ?? 'closed'}`, after * 1_000);
    }
    const socket = new RawWebSocket(line);
    socket.onText = (text) => this.#hear(text);
    this.#socket = socket;
    this.#answers = new Map();
    this.#early = [];
    try {
      const hello = await this.#ask(1, { type: 'hello', token: this.#plan.token });
      const problem = retryOf(hello);
      if (problem !== undefined) return this.#refuse(`hello: ${problem.code}`, problem.afterMs);
      return await this.#sync();
    } catch (error) {
      return this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  async #sync(): Promise<number | undefined> {
    for (let id = 2; ; id++) {
      const answer = await this.#ask(id, {
        type: 'sync',
        me: this.#me,
        known: Object.fromEntries(this.#heads),
        ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
        ...(this.#at === undefined ? {} : { at: this.#at }),
      });
      const problem = retryOf(answer);
      if (problem !== undefined) {
        this.#refuse(`sync: ${problem.code}`);
        await setTimeout(problem.afterMs);
        continue;
      }
      if (!this.#take(answer['result'])) continue;
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const created of early) this.#apply(created);
      return undefined;
    }
  }

  /** Applies an answer of sync; answers whether it was the last. */
  #take(result: unknown): boolean {
    // The server's own word; what a gate checks is what is in it.
    const told = result as {
      readonly epoch: string;
      readonly me: number;
      readonly at: string;
      readonly more: boolean;
      readonly added: readonly (Head & { readonly id: string })[];
      readonly conversations: readonly (Head & {
        readonly id: string;
        readonly messages: readonly { readonly seq: number }[];
        readonly has_more: boolean;
        readonly reset: boolean;
      })[];
    };
    this.#epoch = told.epoch;
    this.#me = told.me;
    this.#at = told.at;
    for (const { id, version, last_seq } of told.added) this.#heads.set(id, { version, last_seq });
    for (const { id, version, last_seq, messages, has_more, reset } of told.conversations) {
      const head = this.#heads.get(id) ?? { version: 0, last_seq: 0 };
      this.missed += messages.length;
      if (reset) this.resets++;
      else for (const { seq } of messages) this.#follow(head, seq);
      if (!has_more) {
        if (!reset && head.last_seq < last_seq) this.holes += last_seq - head.last_seq;
        this.#heads.set(id, { version, last_seq });
      }
    }
    return !told.more && told.conversations.every((one) => !one.has_more);
  }

  #follow(head: Head, seq: number): void {
    if (seq <= head.last_seq) return;
    if (seq > head.last_seq + 1) this.holes += seq - head.last_seq - 1;
    head.last_seq = seq;
  }

  #hear(text: string): void {
    const frame = JSON.parse(text) as Readonly<Record<string, unknown>> & {
      readonly id?: number;
      readonly event?: string;
      readonly conversation?: string;
      readonly version?: number;
      readonly message?: { readonly seq: number };
    };
    if (frame.id !== undefined) this.#answers.get(frame.id)?.(frame);
    const { conversation = '', version = 0, message } = frame;
    if (frame.event !== 'message.created' || message === undefined) return;
    const created = { conversation, version, seq: message.seq };
    // What is heard before the answer to sync may be newer, or older, than what it tells.
    if (this.#early !== undefined) this.#early.push(created);
    else this.#apply(created);
  }

  #apply({ conversation, version, seq }: Created): void {
    const head = this.#heads.get(conversation);
    if (head === undefined || version <= head.version) return;
    if (version !== head.version + 1) this.gaps++;
    this.#follow(head, seq);
    head.version = version;
  }

  async #ask(id: number, frame: object): Promise<Readonly<Record<string, unknown>>> {
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    const socket = this.#socket;
    if (socket === undefined) throw new Error('closed');
    this.#answers.set(id, resolve);
    const late = globalThis.setTimeout(() => reject(new Error('no answer')), answerMs);
    void socket.line.ended.then(() => reject(new Error(`closed with ${socket.closeCode}`)));
    socket.send({ id, ...frame });
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#answers.delete(id);
    }
  }

  /** As the SDK: as long as the server asked for, and up to as long again. */
  #refuse(what: string, afterMs = Number.NaN): number {
    this.cut();
    this.refused[what] = (this.refused[what] ?? 0) + 1;
    const asked = Number.isNaN(afterMs) ? 0 : afterMs;
    return asked + Math.random() * Math.max(asked, pauseMs);
  }
}

function retryOf(
  frame: Readonly<Record<string, unknown>>,
): { readonly code: string; readonly afterMs: number } | undefined {
  const error = frame['error'] as { code: string; retry_after_ms?: number } | undefined;
  if (error === undefined) return undefined;
  return { code: error.code, afterMs: error.retry_after_ms ?? pauseMs };
}
