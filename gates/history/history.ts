import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { LoggedConversation } from './log.ts';

/** What somebody did, was told or saw. */
export type HistoryEvent = SendEvent | ReadEvent | MarkEvent | RemovedEvent;

/**
 * One try to send a message: what went out, and what came of it.
 *
 * `ok`: acknowledged. `fail`: refused for good, so it must not be stored. `info`: nobody knows yet;
 * a later try under the same id finds out.
 */
export type SendEvent =
  | {
      readonly type: 'invoke';
      /** Numbers the try; `ok`, `fail` and `info` repeat it. */
      readonly op: number;
      readonly user: string;
      readonly conversation: string;
      readonly id: string;
      readonly body: string;
      /** Rising numbers where a publisher's messages must be stored in its order. */
      readonly nth?: number;
    }
  /** Without `seq` where who sent it was told only that it is stored. */
  | { readonly type: 'ok'; readonly op: number; readonly seq?: number }
  | { readonly type: 'fail'; readonly op: number; readonly code: string }
  | { readonly type: 'info'; readonly op: number; readonly why: string };

/** What a reader sees where messages are handed over: after everything that removes duplicates. */
export type ReadEvent =
  | {
      /** From here on the reader is in the conversation; the next message is `after + 1`. */
      readonly type: 'enter';
      readonly reader: string;
      readonly user: string;
      readonly conversation: string;
      readonly after: number;
    }
  | {
      readonly type: 'seen';
      readonly reader: string;
      readonly conversation: string;
      readonly seq: number;
      readonly id: string;
      readonly version: number;
    }
  | {
      /** On a line that was never cut the server went from `have` to what follows `prev`. */
      readonly type: 'gap';
      readonly reader: string;
      readonly conversation: string;
      readonly have: number;
      readonly prev: number;
    }
  | {
      /** The reader was told that continuity is lost, and goes on from there. */
      readonly type: 'reset';
      readonly reader: string;
      readonly conversation: string;
      readonly after: number;
    }
  /** The reader goes, or was told that it is out. */
  | { readonly type: 'leave'; readonly reader: string; readonly conversation: string };

/** A mark that a reader was told of (`seen-mark`), or that the server took (`marked`). */
export type MarkEvent =
  | {
      readonly type: 'seen-mark';
      readonly reader: string;
      readonly conversation: string;
      readonly user: string;
      readonly kind: 'read' | 'delivered';
      readonly seq: number;
    }
  | {
      readonly type: 'marked';
      readonly conversation: string;
      readonly user: string;
      readonly kind: 'read' | 'delivered';
      readonly seq: number;
    };

/** A removal that the server has acknowledged, with the version it took. */
export interface RemovedEvent {
  readonly type: 'removed';
  readonly user: string;
  readonly conversation: string;
  readonly version: number;
}

/** An event and when it was recorded, in milliseconds of one clock. */
export type Recorded = HistoryEvent & { readonly at: number };

/** What everybody sent, was told and saw, in the order in which it happened here. */
export class History {
  readonly events: Recorded[] = [];
  #ops = 0;
  #acked = 0;

  /** How many sends were acknowledged until now. */
  get acked(): number {
    return this.#acked;
  }

  /** Numbers for tries. */
  nextOp(): number {
    return ++this.#ops;
  }

  record(event: HistoryEvent): void {
    if (event.type === 'ok') this.#acked++;
    this.events.push({ ...event, at: performance.now() });
  }

  /** Writes everything as lines of JSON, for `replay.ts`. */
  async save(file: string, logs: readonly LoggedConversation[]): Promise<void> {
    const out = createWriteStream(file);
    for (const event of this.events) out.write(`${JSON.stringify(event)}\n`);
    for (const log of logs) out.write(`${JSON.stringify({ type: 'log', log })}\n`);
    out.end();
    await finished(out);
  }
}

/** Reads what `save` wrote. */
export async function readHistory(
  file: string,
): Promise<{ readonly events: readonly Recorded[]; readonly logs: readonly LoggedConversation[] }> {
  const events: Recorded[] = [];
  const logs: LoggedConversation[] = [];
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    if (line === '') continue;
    // Our own file: whoever changed it by hand sees what comes of it.
    const read = JSON.parse(line) as Recorded | { type: 'log'; log: LoggedConversation };
    if (read.type === 'log') logs.push(read.log);
    else events.push(read);
  }
  return { events, logs };
}
