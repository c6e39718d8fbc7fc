import type { Duplex } from 'node:stream';
import { bounds } from '../limits/bounds.ts';
import type { Flusher } from './flusher.ts';

interface OutflowOptions {
  readonly stream: Duplex;
  readonly flusher: Flusher;
  /** The client reads too slowly for what it is told. */
  readonly onSlow: () => void;
}

/**
 * What goes out on one connection: gathered, and written once per turn of the event loop.
 *
 * What a client has asked for may be large, and does not make it slow; what it is told unasked must
 * not pile up.
 */
export class Outflow {
  /** Whose turn of the flusher it takes: the tenant, once it is known. */
  lane = '';
  readonly #stream: Duplex;
  readonly #flusher: Flusher;
  readonly #onSlow: () => void;
  #queued: Buffer[] = [];
  /** Bytes of answers among what is queued, and among what the stream still holds. */
  #queuedReplies = 0;
  #unreadReplies = 0;
  #ended = false;

  constructor({ stream, flusher, onSlow }: OutflowOptions) {
    this.#stream = stream;
    this.#flusher = flusher;
    this.#onSlow = onSlow;
  }

  /** Queues a whole frame that nobody asked for. */
  tell(frame: Buffer): void {
    if (this.#ended) return;
    if (this.#queued.push(frame) === 1) this.#flusher.add(this.lane, this);
  }

  /** Queues a whole frame that answers a request. */
  reply(frame: Buffer): void {
    this.#queuedReplies += frame.length;
    this.tell(frame);
  }

  /** Writes what is queued now. */
  flush(): void {
    const queued = this.#queued;
    this.#queued = [];
    if (queued.length === 0 || this.#ended || !this.#stream.writable) return;
    const unread = this.#stream.writableLength;
    this.#unreadReplies = Math.min(unread, this.#unreadReplies);
    if (
      unread > bounds.unreadEventBytes + this.#unreadReplies ||
      this.#unreadReplies > bounds.unreadReplyBytes
    ) {
      this.#onSlow();
      return;
    }
    this.#unreadReplies += this.#queuedReplies;
    this.#queuedReplies = 0;
    // Whole frames only, and ws writes whole frames only: so the two never mix within one.
    if (queued.length > 1) this.#stream.cork();
    for (const frame of queued) this.#stream.write(frame);
    if (queued.length > 1) this.#stream.uncork();
  }

  /** Takes no more: the connection closes or has closed. */
  end(): void {
    this.#ended = true;
    this.#queued = [];
  }
}
