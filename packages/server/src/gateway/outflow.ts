import type { Duplex } from 'node:stream';

interface OutflowOptions {
  readonly stream: Duplex;
  /** The client reads too slowly for what it is told. */
  readonly onSlow: () => void;
}

/** Events beyond this that the client has not read make it slow. */
const unreadEventBytes = 1024 * 1024;
/** Answers beyond this that the client has not read make it slow too, although it asked for them. */
const unreadReplyBytes = 32 * 1024 * 1024;

/**
 * What goes out on one connection: gathered, and written once per turn of the event loop.
 *
 * What a client has asked for may be large, and does not make it slow; what it is told unasked must
 * not pile up.
 */
export class Outflow {
  readonly #stream: Duplex;
  readonly #onSlow: () => void;
  #queued: Buffer[] = [];
  /** Bytes of answers among what is queued, and among what the stream still holds. */
  #queuedReplies = 0;
  #unreadReplies = 0;
  #ended = false;

  constructor({ stream, onSlow }: OutflowOptions) {
    this.#stream = stream;
    this.#onSlow = onSlow;
  }

  /** Queues a whole frame that nobody asked for. */
  tell(frame: Buffer): void {
    if (this.#ended) return;
    if (this.#queued.push(frame) === 1) setImmediate(() => this.flush());
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
    if (unread > unreadEventBytes + this.#unreadReplies || this.#unreadReplies > unreadReplyBytes) {
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
