import type { Findings } from './findings.ts';
import type { ReadEvent, Recorded, RemovedEvent } from './history.ts';
import type { TrueLogs } from './true-logs.ts';

/** What a removed person had been sent may arrive for so long, on nodes that hear of it later. */
const graceMs = 2_500;

/** Of more than that at once each is not remembered: a number from nowhere must not fill the memory. */
const mostMissing = 10_000;

type Seen = Extract<ReadEvent, { readonly type: 'seen' }>;

/** One reader's time in one conversation: a contiguous slice of the log, to its end. */
interface Slice {
  readonly reader: string;
  readonly conversation: string;
  /** The highest that was shown. */
  last: number;
  /** Passed over, and not shown since. */
  readonly missing: Set<number>;
  /** What was shown since the slice began or was reset, for what comes again. */
  from: number;
}

/** Checks what every reader saw, in its order, against the log. */
export function checkReaders(
  events: readonly Recorded[],
  logs: TrueLogs,
  findings: Findings,
): void {
  const readers = new Readers(logs, findings);
  for (const event of events) readers.take(event);
  readers.end();
}

class Readers {
  readonly #logs: TrueLogs;
  readonly #findings: Findings;
  readonly #slices = new Map<string, Slice>();
  readonly #users = new Map<string, string>();
  /** By person and conversation. */
  readonly #removed = new Map<string, { readonly version: number; readonly at: number }>();

  constructor(logs: TrueLogs, findings: Findings) {
    this.#logs = logs;
    this.#findings = findings;
  }

  take(event: Recorded): void {
    switch (event.type) {
      case 'enter':
        this.#enter(event);
        break;
      case 'seen':
        this.#see(event, event.at);
        break;
      case 'reset':
        this.#reset(event.reader, event.conversation, event.after);
        break;
      case 'gap':
        findGap(event, this.#findings);
        break;
      case 'leave':
        this.#leave(`${event.reader} ${event.conversation}`);
        break;
      case 'removed':
        this.#remove(event, event.at);
        break;
      case 'invoke':
      case 'ok':
      case 'fail':
      case 'info':
      case 'marked':
      case 'seen-mark':
        // Those who send, and marks, are looked at elsewhere.
        break;
    }
  }

  /** Whoever is still in has seen everything. */
  end(): void {
    for (const slice of this.#slices.values()) {
      const { reader, conversation, last } = slice;
      this.#closeHoles(slice);
      const end = this.#logs.get(conversation)?.lastSeq ?? 0;
      if (last >= end) continue;
      this.#findings.add('hole', `${reader} in ${conversation} saw up to ${last} of ${end}`);
    }
  }

  #enter({ reader, user, conversation, after }: Extract<ReadEvent, { type: 'enter' }>): void {
    const key = `${reader} ${conversation}`;
    this.#leave(key);
    // Added again.
    this.#removed.delete(`${user} ${conversation}`);
    this.#users.set(reader, user);
    this.#slices.set(key, { reader, conversation, last: after, missing: new Set(), from: after });
  }

  #leave(key: string): void {
    const slice = this.#slices.get(key);
    if (slice === undefined) return;
    this.#closeHoles(slice);
    this.#slices.delete(key);
  }

  #reset(reader: string, conversation: string, after: number): void {
    const slice = this.#slices.get(`${reader} ${conversation}`);
    if (slice === undefined) return;
    this.#closeHoles(slice);
    slice.last = slice.from = after;
  }

  #remove({ user, conversation, version }: RemovedEvent, at: number): void {
    this.#removed.set(`${user} ${conversation}`, { version, at });
  }

  #see(seen: Seen, at: number): void {
    const { reader, conversation, seq, id } = seen;
    const it = `${reader} in ${conversation} saw ${seq}, ${id},`;
    const slice = this.#slices.get(`${reader} ${conversation}`);
    this.#checkRemoval(seen, at, it);
    if (slice === undefined) {
      if (!this.#wasRemoved(seen)) this.#findings.add('phantom', `${it} and is not in there`);
      return;
    }
    this.#compare(seen, it);
    if (seq === slice.last + 1) slice.last = seq;
    else if (seq > slice.last) this.#skip(slice, seq);
    else if (slice.missing.delete(seq)) {
      this.#findings.add('inversion', `${it} after ${slice.last}`);
    } else if (seq > slice.from) this.#findings.add('duplicate', `${it} again`);
    else this.#findings.add('phantom', `${it} which is from before it was in`);
  }

  /** At its place in the log stands the same message. */
  #compare({ conversation, seq, id, version }: Seen, it: string): void {
    const log = this.#logs.get(conversation);
    const logged = log?.bySeq.get(seq);
    if (logged?.id === id) {
      // Shown at a version that is older than the log's it has been changed since; never newer.
      if (version > logged.version)
        this.#findings.add('phantom', `${it} at a version never stored`);
    } else if (log?.byId.has(id)) {
      this.#findings.add('divergence', `${it} which is ${log.byId.get(id)?.seq} in the log`);
    } else this.#findings.add('phantom', `${it} which is not in the log`);
  }

  #skip(slice: Slice, seq: number): void {
    const { reader, conversation, last, missing } = slice;
    if (seq - last > mostMissing) {
      this.#findings.add('hole', `${reader} in ${conversation} saw ${seq} after ${last}`);
    } else for (let passed = last + 1; passed < seq; passed++) missing.add(passed);
    slice.last = seq;
  }

  #closeHoles({ reader, conversation, missing }: Slice): void {
    const [first] = missing;
    if (first === undefined) return;
    const what = `${reader} in ${conversation} never saw ${first} and ${missing.size - 1} more`;
    this.#findings.add('hole', what);
    missing.clear();
  }

  #wasRemoved({ reader, conversation }: Seen): boolean {
    return this.#removed.has(`${this.#users.get(reader)} ${conversation}`);
  }

  #checkRemoval({ reader, conversation, version }: Seen, at: number, it: string): void {
    const removed = this.#removed.get(`${this.#users.get(reader)} ${conversation}`);
    if (removed === undefined) return;
    const isLate = at > removed.at + graceMs;
    if (version < removed.version && !isLate) return;
    const what = `${it} ${Math.round(at - removed.at)} ms after the removal was acknowledged`;
    this.#findings.add('after-removal', what);
  }
}

/** What a node tells on one line has no gaps, whatever the bus did; the SDK would hide that it had. */
function findGap(gap: Extract<ReadEvent, { type: 'gap' }>, findings: Findings): void {
  const { reader, conversation, have, prev } = gap;
  const what = `${reader} in ${conversation} was told of version ${prev + 1} or later after ${have}`;
  findings.add('hole', `${what}, on one line`);
}
