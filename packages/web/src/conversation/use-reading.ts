import type { ConversationHandle, ConversationSnapshot } from '@parley/client';
import { useEffect, useRef } from 'preact/hooks';
import { attention } from '../session/attention.ts';
import { moveNewLine, type NewLine, newestSeq } from './new-line.ts';

/** The last message counts as read when it was looked at for this long. */
const readAfterMs = 500;

interface ReadingInput {
  readonly handle: ConversationHandle;
  readonly snapshot: ConversationSnapshot;
  readonly me: string;
  /** The messages are shown, from the first unread one on where that is possible. */
  readonly ready: boolean;
  /** The end of the conversation is on screen. */
  readonly atEnd: boolean;
}

/** Marks the conversation read while it is looked at; returns where the `New` line stands. */
export function useReading({ handle, snapshot, me, ready, atEnd }: ReadingInput): number | null {
  const watching = attention.value && atEnd;
  const read = snapshot.marks[me]?.read ?? 0;
  const last = newestSeq(snapshot.messages);

  useEffect(() => {
    if (!ready || !watching || last <= read) return;
    const timer = setTimeout(() => handle.markRead(last), readAfterMs);
    return () => clearTimeout(timer);
  }, [ready, watching, last, read, handle]);

  const line = useRef<NewLine | null>(null);
  if (ready) {
    // Opening with nothing unread: whatever the mark says, there is no line.
    const settled = line.current === null && snapshot.unread === 0 ? Math.max(read, last) : read;
    line.current = moveNewLine(line.current, {
      messages: snapshot.messages,
      me,
      read: settled,
      watching,
    });
  }
  return line.current?.from ?? null;
}
