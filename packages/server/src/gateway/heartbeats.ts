import { limits } from '@parley/protocol';
import { bounds } from '../limits/bounds.ts';

/** Connections are looked at by turns, a part at a time: a beat for all at once would be felt. */
const parts = 10;
/** Each is looked at this often. */
const lookMs = 4_000;
/** A tick later than this means that we stood still ourselves. */
const lateMs = 2_000;

/** What it needs of a connection; times are of the monotonic clock, in milliseconds. */
interface Beating {
  heardAt: number;
  readonly pingedAt: number;
  readonly intake: { readonly isHeld: boolean };
  ping(now: number): void;
}

interface HeartbeatsOptions<One> {
  /** Nothing was heard of it for `bounds.silentMs`. */
  readonly onDead: (connection: One) => void;
}

/**
 * Pings every connection in its turn, and finds those that are gone without a word.
 *
 * Any frame keeps a connection. While this process stood still nothing could be heard: silence
 * counts from when it went on.
 */
export class Heartbeats<One extends Beating> {
  readonly #options: HeartbeatsOptions<One>;
  readonly #parts = Array.from({ length: parts }, () => new Set<One>());
  readonly #timer: NodeJS.Timeout;
  #ticks = 0;
  #tickedAt = performance.now();
  /** Silence before this time is ours. */
  #listeningSince = 0;

  constructor(options: HeartbeatsOptions<One>) {
    this.#options = options;
    this.#timer = setInterval(() => this.tick(performance.now()), lookMs / parts);
    this.#timer.unref();
  }

  add(connection: One): void {
    this.#parts[this.#ticks % parts]?.add(connection);
  }

  delete(connection: One): void {
    for (const part of this.#parts) if (part.delete(connection)) return;
  }

  /** Looks at the next part; `now` is of the monotonic clock, in milliseconds. */
  tick(now: number): void {
    if (now - this.#tickedAt > lateMs) this.#listeningSince = now;
    this.#tickedAt = now;
    for (const connection of this.#parts[++this.#ticks % parts] ?? []) this.#look(connection, now);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(connection: One, now: number): void {
    // Who is not read cannot be heard.
    if (connection.intake.isHeld) connection.heardAt = now;
    if (now - Math.max(connection.heardAt, this.#listeningSince) >= bounds.silentMs) {
      this.#options.onDead(connection);
    } else if (now - connection.pingedAt >= limits.heartbeatMs) {
      connection.ping(now);
    }
  }
}
