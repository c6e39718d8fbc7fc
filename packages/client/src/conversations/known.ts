import type { ConversationChanges, ConversationEvent, ConversationRow } from '@parley/protocol';
import { stored, type Timeline } from '../conversation/timeline.ts';

/** One conversation as far as it is known. Replaced, not changed, when its history starts anew. */
export interface Known {
  row: ConversationRow;
  /** Null while nobody has opened it. */
  timeline: Timeline | null;
  /** Its numbers are those of a history that the server has given up. */
  outdated: boolean;
  /** Changes that came too early. */
  held: readonly ConversationEvent[];
  /** The newest version heard of; what is above the row's is still to come. */
  heard: number;
  /** How often whom I block had changed when this was asked for. */
  view: number;
}

/** A conversation that was not known, or whose history was given up. */
export function begun(
  row: ConversationRow,
  view: number,
  held: readonly ConversationEvent[],
): Known {
  return { row, timeline: null, outdated: false, held, heard: 0, view };
}

/** A conversation whose newest page `sync` has told instead of what changed. */
export function begunAnew(
  before: Known,
  row: ConversationRow,
  changes: ConversationChanges,
  view: number,
): Known {
  const [first] = changes.messages;
  const hasOlder = first !== undefined && first.seq > changes.first_seq;
  const messages = changes.messages.map(stored);
  return {
    row,
    timeline: before.timeline === null ? null : { ready: true, messages, hasOlder, live: null },
    outdated: false,
    held: before.held,
    // What was read meanwhile may have been newer than this answer.
    heard: before.outdated ? 0 : before.row.version,
    view,
  };
}
