import type { TimelineMessage } from '@parley/client';

/** Where the `New` line stands, and up to where messages have been looked at. */
export interface NewLine {
  /** Sequence number of the first unread message, or null for no line. */
  readonly from: number | null;
  /** Newest message that was here at the last look. */
  readonly seen: number;
}

interface NewLineInput {
  readonly messages: readonly TimelineMessage[];
  readonly me: string;
  /** My read mark. */
  readonly read: number;
  /** The person is looking at the end of the conversation. */
  readonly watching: boolean;
}

/**
 * Moves the `New` line on: before the first unread at opening, and later before the first message
 * that came while nobody looked. It stays while one reads and goes when one answers.
 */
export function moveNewLine(line: NewLine | null, input: NewLineInput): NewLine {
  const last = newestSeq(input.messages);
  if (line === null) return { from: firstOfOthers(input, input.read), seen: last };
  if (input.messages.at(-1)?.state === 'queued') return { from: null, seen: last };
  if (last <= line.seen) return line;
  // Nothing but my own, said in another window: that is an answer as well.
  if (firstOfOthers(input, line.seen) === null) return { from: null, seen: last };
  const stillUnread = line.from !== null && line.from > input.read;
  if (input.watching || stillUnread) return { from: line.from, seen: last };
  return { from: firstOfOthers(input, line.seen), seen: last };
}

/** The newest stored message's sequence number; 0 when there is none. */
export function newestSeq(messages: readonly TimelineMessage[]): number {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (message?.state === 'stored') return message.seq;
  }
  return 0;
}

function firstOfOthers(input: NewLineInput, after: number): number | null {
  let first: number | null = null;
  for (let i = input.messages.length - 1; i >= 0; i--) {
    const message = input.messages[i];
    if (message?.state !== 'stored') continue;
    if (message.seq <= after) return first;
    if (message.sender !== input.me && message.kind === 'text') first = message.seq;
  }
  // The unread begin above what is loaded: the line appears once that has been scrolled to.
  const loadedFrom = input.messages.find((message) => message.state === 'stored')?.seq ?? 1;
  return first !== null && after + 1 < loadedFrom ? after + 1 : first;
}
