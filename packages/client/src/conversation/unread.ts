import { type ConversationRow, limits, type Message } from '@parley/protocol';
import { markOf } from './marks.ts';

/**
 * Whether a message counts as unread for me: of others, written, not deleted, after my mark and
 * within the window that the server counts in.
 */
export function countsAsUnread(message: Message, row: ConversationRow, me: string): boolean {
  const start = unreadStart(row, me);
  return (
    message.kind === 'text' &&
    message.sender !== me &&
    message.deleted_at === undefined &&
    message.seq > start &&
    message.seq <= start + limits.unreadWindow
  );
}

/** Unread messages are above this one. */
export function unreadStart(row: ConversationRow, me: string): number {
  return Math.max(markOf(row.marks, me).read, row.first_seq - 1);
}

/**
 * Counts the unread messages of a conversation; null when too few messages are loaded to know.
 *
 * `messages` is the newest part of its history, ascending.
 */
export function countUnread(
  row: ConversationRow,
  me: string,
  messages: readonly Message[],
): number | null {
  const start = unreadStart(row, me);
  if (start >= row.last_seq) return 0;
  const [first] = messages;
  if (first === undefined || first.seq > start + 1) return null;
  return messages.filter((message) => countsAsUnread(message, row, me)).length;
}
