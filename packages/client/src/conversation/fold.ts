import {
  type ConversationChanges,
  type ConversationEvent,
  type ConversationRow,
  limits,
  type Mark,
  type Message,
} from '@parley/protocol';
import { markOf, mergeMarks, raiseMark } from './marks.ts';
import { isIncomplete, withMember } from './members.ts';
import { own } from './own.ts';
import { countsAsUnread, countUnread, unreadStart } from './unread.ts';

/**
 * The fold: a conversation's row and what happened, to the row that a fresh list would show.
 *
 * Nothing here knows of connections or time; everything is told by value.
 */
export interface Folded {
  readonly row: ConversationRow;
  /** Something cannot be known from what was told: the row must be read again. */
  readonly incomplete: boolean;
}

/** Applies a durable change that the version rule lets through. `loaded`: its newest messages, if any. */
export function foldEvent(
  before: ConversationRow,
  event: ConversationEvent,
  me: string,
  loaded: readonly Message[],
): Folded {
  const row = { ...before, version: event.version };
  switch (event.event) {
    case 'message.created':
      if (event.message.seq > row.last_seq) {
        return { row: withNewMessage(row, event.message, me), incomplete: false };
      }
      // Told late, when it has changed since: a row that was read meanwhile had it already.
      return withChangedMessage(row, event.message, me, loaded);
    case 'message.updated':
      return withChangedMessage(row, event.message, me, loaded);
    case 'conversation.updated':
      return { row: { ...row, ...event.changed }, incomplete: false };
    case 'member.updated': {
      const after = withMember(row, event.member, event.member_count, me);
      return { row: after, incomplete: isIncomplete(before, after) };
    }
    default:
      // A newer server's change: what it says is not understood here, that it happened is.
      return { row, incomplete: true };
  }
}

function withNewMessage(row: ConversationRow, message: Message, me: string): ConversationRow {
  if (message.seq <= row.last_seq) return withLastMessage(row, message);
  const next = {
    ...row,
    last_seq: message.seq,
    last_message: message,
    last_activity_at: message.created_at,
  };
  return countsAsUnread(message, next, me) ? { ...next, unread: row.unread + 1 } : next;
}

function withChangedMessage(
  row: ConversationRow,
  message: Message,
  me: string,
  loaded: readonly Message[],
): Folded {
  const next = withLastMessage(row, message);
  // Only a deletion changes what is unread; whether it was before, only the old message tells.
  const mayCount = message.deleted_at !== undefined && message.seq > unreadStart(row, me);
  if (!mayCount || message.sender === me) return { row: next, incomplete: false };
  const old = loaded.find((one) => one.seq === message.seq);
  if (old === undefined) return { row: next, incomplete: true };
  const less = countsAsUnread(old, row, me) ? 1 : 0;
  return { row: { ...next, unread: row.unread - less }, incomplete: false };
}

function withLastMessage(row: ConversationRow, message: Message): ConversationRow {
  const last = row.last_message;
  if (last === null || last.id !== message.id || last.version > message.version) return row;
  return { ...row, last_message: message };
}

/** Applies the answer of `sync`, complete: everything since the row's version, or a reset. */
export function foldChanges(
  before: ConversationRow,
  changes: ConversationChanges,
  me: string,
): Folded {
  if (changes.reset) return afterReset(before, changes, me);
  if (changes.version < before.version) {
    // Events were faster; only what has no version may still be news.
    return foldMarks(before, changes.marks, me);
  }
  let row: ConversationRow = { ...before, ...changes.conversation };
  for (const member of changes.members) row = withMember(row, member, row.member_count, me);
  for (const message of bySeq(changes.messages)) row = withNewMessage(row, message, me);
  const complete = row.last_seq === changes.last_seq && !isIncomplete(before, row);
  row = {
    ...row,
    version: changes.version,
    last_seq: changes.last_seq,
    first_seq: changes.first_seq,
    last_message: row.last_seq < changes.first_seq ? null : row.last_message,
    marks: mergeMarks(row.marks, changes.marks),
  };
  const counted = withUnread(row, changes, me);
  return { row: counted.row, incomplete: counted.incomplete || !complete };
}

function bySeq(messages: readonly Message[]): Message[] {
  return [...messages].sort((a, b) => a.seq - b.seq);
}

function afterReset(before: ConversationRow, changes: ConversationChanges, me: string): Folded {
  const last = bySeq(changes.messages).at(-1) ?? null;
  const mine = changes.members.find(({ id }) => id === me);
  const row = {
    ...before,
    my_role: mine?.role ?? before.my_role,
    ...changes.conversation,
    version: changes.version,
    last_seq: changes.last_seq,
    first_seq: changes.first_seq,
    members: changes.members,
    marks: changes.marks,
    unread: changes.unread,
    last_message: last,
    last_activity_at: last?.created_at ?? before.last_activity_at,
  };
  // In a large group mine is not among the first: the row tells my role.
  return { row, incomplete: mine === undefined };
}

/** A row as the server lists it, of this version or newer, with whatever I know better. */
export function foldRow(before: ConversationRow, row: ConversationRow, me: string): Folded {
  if (row.version < before.version) return foldMarks(before, row.marks, me);
  return withUnread({ ...row, marks: mergeMarks(before.marks, row.marks) }, row, me);
}

/** Takes the server's count, unless I have read further than it knew when it counted. */
function withUnread(
  row: ConversationRow,
  told: Pick<ConversationRow, 'unread' | 'marks'>,
  me: string,
): Folded {
  const counted = { ...row, unread: told.unread };
  const readThen = markOf(told.marks, me).read;
  if (readThen >= markOf(row.marks, me).read) return { row: counted, incomplete: false };
  return recounted(counted, readThen, me, []);
}

/** Marks as of some time, perhaps long ago: whatever is further counts, of those who are known. */
export function foldMarks(
  before: ConversationRow,
  marks: ConversationRow['marks'],
  me: string,
): Folded {
  let folded: Folded = { row: before, incomplete: false };
  for (const user of Object.keys(before.marks)) {
    const mark = own(marks, user);
    if (mark === undefined) continue;
    const { row, incomplete } = foldMark(folded.row, user, mark, me, []);
    folded = { row, incomplete: folded.incomplete || incomplete };
  }
  return folded;
}

/** Somebody read or received up to here. */
export function foldMark(
  before: ConversationRow,
  user: string,
  mark: Partial<Mark>,
  me: string,
  loaded: readonly Message[],
): Folded {
  const marks = raiseMark(before.marks, user, mark);
  if (marks === before.marks) return { row: before, incomplete: false };
  const row = { ...before, marks };
  const readBefore = markOf(before.marks, me).read;
  if (markOf(marks, me).read === readBefore) return { row, incomplete: false };
  return recounted(row, readBefore, me, loaded);
}

/** Counts again what is unread, which was counted when I had read up to `readThen`. */
function recounted(
  row: ConversationRow,
  readThen: number,
  me: string,
  loaded: readonly Message[],
): Folded {
  const counted = countUnread(row, me, loaded);
  if (counted !== null) return { row: { ...row, unread: counted }, incomplete: false };
  // Until the server has counted: at most what is left, and not more than before.
  const unread = Math.min(row.unread, row.last_seq - unreadStart(row, me));
  const windowEnd = Math.max(readThen, row.first_seq - 1) + limits.unreadWindow;
  return { row: { ...row, unread }, incomplete: unread > 0 || row.last_seq > windowEnd };
}
