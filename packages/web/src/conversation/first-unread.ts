import type { ConversationSnapshot } from '@parley/client';
import { limits } from '@parley/protocol';

/** Pages that are loaded, at most, to open a conversation at its first unread message. */
export const mostPages = Math.ceil(limits.unreadWindow / limits.page);

/** Whether the first unread message is above what is loaded, so that earlier pages are needed. */
export function isFirstUnreadAbove(snapshot: ConversationSnapshot, me: string): boolean {
  if (snapshot.unread === 0 || !snapshot.hasOlder) return false;
  const read = snapshot.marks[me]?.read ?? 0;
  const first = snapshot.messages.find((message) => message.state === 'stored');
  return first !== undefined && first.seq > read + 1;
}
