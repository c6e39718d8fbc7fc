import type { Duplex } from 'node:stream';
import { bounds } from '../limits/bounds.ts';
import type { Backlogs } from './backlogs.ts';
import type { Flusher } from './flusher.ts';

interface OutflowOptions {
  readonly stream: Duplex;
  readonly flusher: Flusher;
  readonly backlogs: Backlogs;
  /** The client reads too slowly for what it is told. */
  readonly onSlow: () => void;
}

/** What the bookkeeping of a frame that waits costs, roughly. */
const frameCost = 64;

/**
 * What goes out on one connection: gathered, and written once per turn of the event loop.
 *
 * What a client has asked for may be large, and does not make it slow; what it is told unasked must
 * not pile up. While the system takes no more, frames wait here, where they are shared with others
 * and can still be dropped.
 */
export class Outflow {
  /** Whose turn of the flusher it takes: the tenant, once it is known. */
  lane = '';
  readonly #options: OutflowOptions;
  #queued: Buffer[] = [];
  #queuedBytes = 0;
  /** Bytes of answers among what is queued, and among what the stream still holds. */
  #queuedReplies = 0;
  #unreadReplies = 0;
  #isScheduled = false;
  #isBlocked = false;
  #ended = false;
  /** Made when something is written first: most that come never say who they are. */
  #onWritten: (() => void) | undefined;

  constructor(options: OutflowOptions) {
    this.#options = options;
  }

  /** What it keeps of memory for a client that does not read, in bytes. */
  get backlog(): number {
    const { writableLength } = this.#options.stream;
    return writableLength + this.#queuedBytes + this.#queued.length * frameCost;
  }

  /** Queues a whole frame that nobody asked for. */
  tell(frame: Buffer): void {
    if (this.#ended) return;
    this.#queued.push(frame);
    this.#queuedBytes += frame.length;
    this.#schedule();
  }

  /** Queues a whole frame that answers a request. */
  reply(frame: Buffer): void {
    this.#queuedReplies += frame.length;
    this.tell(frame);
  }

  /** Writes what is queued, unless the system has not taken what was written before. */
  flush(): void {
    this.#isScheduled = false;
    const { stream, backlogs, onSlow } = this.#options;
    if (this.#ended || this.#queued.length === 0 || !stream.writable) return;
    if (stream.writableLength === 0) {
      this.#write();
      return;
    }
    if (!this.#isBlocked) {
      this.#isBlocked = true;
      backlogs.add(this);
    }
    if (this.#isTooMuch()) onSlow();
  }

  /** Takes no more, since the connection closes: what is queued goes first, or is dropped. */
  end(how: 'write' | 'drop'): void {
    if (this.#ended) return;
    if (how === 'write' && this.#queued.length > 0 && this.#options.stream.writable) this.#write();
    this.#ended = true;
    this.#queued = [];
    this.#queuedBytes = 0;
    this.#unblock();
  }

  /** Ends its connection: there is no room for all that do not read. */
  tooSlow(): void {
    this.#options.onSlow();
  }

  #write(): void {
    const { stream } = this.#options;
    const queued = this.#queued;
    // Of the answers before, no more can be unread than what the stream holds at all.
    this.#unreadReplies = Math.min(stream.writableLength, this.#unreadReplies);
    this.#unreadReplies += this.#queuedReplies;
    this.#queued = [];
    this.#queuedBytes = 0;
    this.#queuedReplies = 0;
    this.#unblock();
    this.#onWritten ??= () => {
      if (this.#queued.length > 0) this.#schedule();
    };
    // Whole frames only, and ws writes whole frames only: so the two never mix within one.
    const last = queued.length - 1;
    if (last > 0) stream.cork();
    for (const [at, frame] of queued.entries()) {
      if (at === last) stream.write(frame, this.#onWritten);
      else stream.write(frame);
    }
    if (last > 0) stream.uncork();
  }

  #isTooMuch(): boolean {
    const { writableLength } = this.#options.stream;
    this.#unreadReplies = Math.min(writableLength, this.#unreadReplies);
    const replies = this.#unreadReplies + this.#queuedReplies;
    const events = writableLength + this.#queuedBytes - replies;
    return events > bounds.unreadEventBytes || replies > bounds.unreadReplyBytes;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.flusher.add(this.lane, this);
  }

  #unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#options.backlogs.delete(this);
  }
}
