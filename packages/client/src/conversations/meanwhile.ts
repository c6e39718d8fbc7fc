import type { ConversationEvent, ConversationRow, Mark } from '@parley/protocol';
import { raiseMark } from '../conversation/marks.ts';

/** Changes kept, per conversation, for when what is before them is known. */
const heldAtMost = 500;

/** Something that is being read, and what happened since it was asked for: that may be newer. */
export interface Reading {
  /** The replica's `view` when it was asked for. */
  readonly view: number;
  readonly added: Set<string>;
  readonly removed: Set<string>;
}

/**
 * What is told while something is being read, or of what is not known yet.
 *
 * Events are listened to first and state is read second; so an answer may be older than what was
 * told before it arrived. Here is what must then be laid over it.
 */
export class Meanwhile {
  readonly #readings = new Set<Reading>();
  /** Changes of conversations that are not known yet. */
  readonly #changes = new Map<string, readonly ConversationEvent[]>();
  /** Marks, by conversation. Laying them over twice, or late, does no harm: marks only grow. */
  readonly #marks = new Map<string, ConversationRow['marks']>();

  get isReading(): boolean {
    return this.#readings.size > 0;
  }

  /** Whether something else is being read at the same time. */
  isReadingBeside(reading: Reading): boolean {
    return this.#readings.size > (this.#readings.has(reading) ? 1 : 0);
  }

  begin(view: number): Reading {
    const reading = { view, added: new Set<string>(), removed: new Set<string>() };
    this.#readings.add(reading);
    return reading;
  }

  /** Returns whether nothing is being read any more. `rowOf`: what is known now. */
  end(reading: Reading, rowOf: (id: string) => ConversationRow | undefined): boolean {
    this.#readings.delete(reading);
    if (this.isReading) return false;
    for (const [id, marks] of this.#marks) {
      const row = rowOf(id);
      // Marks of somebody whose joining has not been told yet stay.
      const isLaid = (user: string) => row !== undefined && Object.hasOwn(row.marks, user);
      if (row === undefined || Object.keys(marks).every(isLaid)) this.#marks.delete(id);
    }
    return true;
  }

  added(id: string): void {
    for (const { added, removed } of this.#readings) {
      added.add(id);
      removed.delete(id);
    }
  }

  removed(id: string): void {
    for (const { added, removed } of this.#readings) {
      removed.add(id);
      added.delete(id);
    }
    this.#changes.delete(id);
    this.#marks.delete(id);
  }

  /** Keeps a change of a conversation that is not known. */
  hold(event: ConversationEvent): void {
    const id = event.conversation;
    this.#changes.set(id, held(this.#changes.get(id) ?? [], event));
  }

  /** The conversations that were heard of and are not known. */
  unknown(): Iterable<string> {
    return [...this.#changes.keys()];
  }

  /** It is known now: hands out the changes that were kept. */
  release(id: string): readonly ConversationEvent[] {
    const changes = this.#changes.get(id) ?? [];
    this.#changes.delete(id);
    return changes;
  }

  mark(id: string, user: string, mark: Partial<Mark>): void {
    this.#marks.set(id, raiseMark(this.marks(id), user, mark));
  }

  marks(id: string): ConversationRow['marks'] {
    return this.#marks.get(id) ?? {};
  }

  /** Marks of another history say nothing. */
  forgetMarks(): void {
    this.#marks.clear();
  }
}

/** The changes with one more. The oldest go first when there are too many: `sync` brings them. */
export function held(
  changes: readonly ConversationEvent[],
  event: ConversationEvent,
): readonly ConversationEvent[] {
  return [...changes, event].slice(-heldAtMost);
}
