import { newId, ParleyError, type WireError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import type { Requests } from '../line/requests.ts';
import { pauseMs } from '../monitor/backoff.ts';
import type { PendingMessage, TimelineMessage } from '../snapshots.ts';
import { Timer } from '../timer.ts';

/** Messages that may wait at once, of all conversations. */
const waitingAtMost = 1_000;

type Waiting = Extract<TimelineMessage, { readonly state: 'queued' | 'failed' }>;

/** A conversation's messages on their way, in the order of sending. */
interface Queue {
  /** As the timeline shows them; replaced, never changed. */
  messages: readonly Waiting[];
  /** Version at which the server stored a message that no event has shown yet, by id. */
  readonly stored: Map<string, number>;
  readonly timer: Timer;
  isSending: boolean;
  attempt: number;
  /** The server asked to send more slowly, and until then. */
  slowedUntil: number | null;
}

interface OutboxParts {
  readonly requests: Requests;
  /** The version up to which a conversation is known; undefined when it is not. */
  version(conversation: string): number | undefined;
  changed(conversation: string): void;
}

/**
 * Messages on their way: kept and sent again, under the same id, until the server has answered.
 *
 * One at a time per conversation, so that they are stored in the order in which they were written.
 */
export class Outbox {
  readonly #env: Environment;
  readonly #parts: OutboxParts;
  readonly #queues = new Map<string, Queue>();

  constructor(env: Environment, parts: OutboxParts) {
    this.#env = env;
    this.#parts = parts;
  }

  /** Those on their way, for the end of the timeline. The same list until something changes. */
  pending(conversation: string): readonly Waiting[] {
    return this.#queues.get(conversation)?.messages ?? none;
  }

  /** Until when the server asked to wait; null in normal use. */
  slowedUntil(conversation: string): number | null {
    return this.#queues.get(conversation)?.slowedUntil ?? null;
  }

  /** Takes a message whose content is good; returns its final id. Throws `too_many`. */
  send(conversation: string, message: Omit<PendingMessage, 'id'>): string {
    let waiting = 0;
    for (const { messages } of this.#queues.values()) waiting += messages.length;
    if (waiting >= waitingAtMost) {
      throw new ParleyError('too_many', {
        message: 'Too many messages wait to be sent. Try again once some have gone out.',
      });
    }
    const id = newId(this.#env.now());
    const queue = this.#queue(conversation);
    this.#show(conversation, queue, [...queue.messages, { ...message, id, state: 'queued' }]);
    this.#pump(conversation);
    return id;
  }

  /** Sends a failed message again, after those that wait already. */
  retry(conversation: string, id: string): void {
    const queue = this.#queues.get(conversation);
    const failed = queue?.messages.find((one) => one.id === id && one.state === 'failed');
    if (queue === undefined || failed === undefined) return;
    const others = queue.messages.filter((one) => one !== failed);
    this.#show(conversation, queue, [...others, { ...withoutError(failed), state: 'queued' }]);
    this.#pump(conversation);
  }

  discard(conversation: string, id: string): void {
    const queue = this.#queues.get(conversation);
    if (queue === undefined) return;
    const kept = queue.messages.filter((one) => one.id !== id || one.state !== 'failed');
    if (kept.length < queue.messages.length) this.#show(conversation, queue, kept);
  }

  /** A stored message of mine was seen: it is on its way no longer, whatever became of the reply. */
  seen(conversation: string, id: string): void {
    const queue = this.#queues.get(conversation);
    if (queue?.messages.some((one) => one.id === id)) this.#remove(conversation, queue, id);
  }

  /** A conversation is known up to here (undefined: no more): what was stored by then has been shown. */
  settle(conversation: string, version: number = Number.POSITIVE_INFINITY): void {
    const queue = this.#queues.get(conversation);
    if (queue === undefined || queue.stored.size === 0) return;
    for (const [id, storedAt] of queue.stored) {
      if (storedAt <= version) this.#remove(conversation, queue, id);
    }
  }

  /** Online: sends what waits, at once, unless the server had asked to wait. */
  resume(): void {
    for (const [conversation, queue] of this.#queues) {
      if (queue.slowedUntil !== null && queue.timer.armed) continue;
      queue.attempt = 0;
      queue.timer.clear();
      this.#pump(conversation);
    }
  }

  stop(): void {
    for (const [conversation, queue] of this.#queues) {
      queue.timer.clear();
      this.#slow(conversation, queue, null);
    }
  }

  #queue(conversation: string): Queue {
    let queue = this.#queues.get(conversation);
    if (queue === undefined) {
      const timer = new Timer(this.#env);
      queue = {
        messages: none,
        stored: new Map(),
        timer,
        isSending: false,
        attempt: 0,
        slowedUntil: null,
      };
      this.#queues.set(conversation, queue);
    }
    return queue;
  }

  #pump(conversation: string): void {
    const queue = this.#queues.get(conversation);
    if (queue === undefined || queue.isSending || queue.timer.armed) return;
    if (this.#parts.requests.line === null) return;
    const next = queue.messages.find((one) => one.state === 'queued' && !queue.stored.has(one.id));
    if (next === undefined) {
      if (queue.messages.length === 0) this.#queues.delete(conversation);
      return;
    }
    queue.isSending = true;
    void this.#sendOne(conversation, queue, next).then(() => {
      queue.isSending = false;
      this.#pump(conversation);
    });
  }

  async #sendOne(conversation: string, queue: Queue, message: Waiting): Promise<void> {
    const { id, body, reply_to } = message;
    const outgoing = { id, body, ...(reply_to === undefined ? {} : { reply_to }) };
    const { requests } = this.#parts;
    const { line } = requests;
    try {
      const { version } = await requests.ask('message.send', { conversation, message: outgoing });
      queue.attempt = 0;
      this.#slow(conversation, queue, null);
      if (!queue.messages.some((one) => one.id === id)) return;
      queue.stored.set(id, version);
      // Shown until the stored one takes its place, so that nothing flickers.
      this.settle(conversation, this.#parts.version(conversation));
    } catch (error) {
      const known = error instanceof ParleyError ? error : new ParleyError('internal');
      if (!known.retryable) this.#fail(conversation, queue, id, known.toWire());
      else if (line !== null && line === requests.line) {
        const waitMs = pauseMs(++queue.attempt, known.retryAfterMs, this.#env.random);
        const isSlowed = known.code === 'rate_limited';
        this.#slow(conversation, queue, isSlowed ? this.#env.now() + waitMs : null);
        queue.timer.set(waitMs, () => this.#pump(conversation));
      }
    }
  }

  #fail(conversation: string, queue: Queue, id: string, error: WireError): void {
    const messages = queue.messages.map((one) =>
      one.id === id ? { ...withoutError(one), state: 'failed' as const, error } : one,
    );
    this.#show(conversation, queue, messages);
  }

  #slow(conversation: string, queue: Queue, until: number | null): void {
    if (queue.slowedUntil === until) return;
    queue.slowedUntil = until;
    this.#parts.changed(conversation);
  }

  #remove(conversation: string, queue: Queue, id: string): void {
    queue.stored.delete(id);
    this.#show(
      conversation,
      queue,
      queue.messages.filter((one) => one.id !== id),
    );
  }

  #show(conversation: string, queue: Queue, messages: readonly Waiting[]): void {
    queue.messages = messages;
    this.#parts.changed(conversation);
  }
}

const none: readonly Waiting[] = [];

function withoutError(message: Waiting): PendingMessage {
  const { id, sender, body, created_at, reply_to } = message;
  return { id, sender, body, created_at, ...(reply_to === undefined ? {} : { reply_to }) };
}
