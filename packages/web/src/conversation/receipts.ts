import type { TimelineMessage } from '@parley/client';
import type { Mark } from '@parley/protocol';

/** How far a message of mine has come. */
export type OwnState = 'queued' | 'failed' | 'sent' | 'delivered' | 'read';

export interface Receipts {
  /** State by message id, where it is to be shown: on my last message and wherever it changes. */
  readonly states: ReadonlyMap<string, OwnState>;
  /** Who has read up to a message, by its id; groups only. */
  readonly readers: ReadonlyMap<string, readonly string[]>;
}

interface ReceiptsInput {
  readonly messages: readonly TimelineMessage[];
  readonly me: string;
  /** The others who are in the conversation now. */
  readonly others: readonly string[];
  readonly marks: Readonly<Record<string, Mark>>;
  readonly group: boolean;
}

/** Which check marks and which readers stand at which message. */
export function receiptsOf(input: ReceiptsInput): Receipts {
  const marks = input.others.map((id) => input.marks[id]);
  const floor = {
    read: lowest(marks.map((mark) => mark?.read ?? 0)),
    delivered: lowest(marks.map((mark) => mark?.delivered ?? 0)),
  };
  return {
    states: shownStates(input, floor),
    readers: input.group ? readersOf(input) : new Map(),
  };
}

function lowest(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : Math.min(...numbers);
}

/** The state of one message of mine, given how far everybody else is. */
function ownState(message: TimelineMessage, floor: Mark): OwnState {
  if (message.state !== 'stored') return message.state;
  if (message.seq <= floor.read) return 'read';
  return message.seq <= floor.delivered ? 'delivered' : 'sent';
}

function shownStates(input: ReceiptsInput, floor: Mark): Map<string, OwnState> {
  const shown = new Map<string, OwnState>();
  let later: OwnState | null = null;
  for (let i = input.messages.length - 1; i >= 0; i--) {
    const message = input.messages[i];
    if (message?.sender !== input.me) continue;
    if (message.state === 'stored' && message.kind !== 'text') continue;
    const state = ownState(message, floor);
    if (state !== later || message.state !== 'stored') shown.set(message.id, state);
    later = state;
    // Everything above has been read as well.
    if (state === 'read') break;
  }
  return shown;
}

function readersOf(input: ReceiptsInput): Map<string, readonly string[]> {
  const stored = input.messages.filter((message) => message.state === 'stored');
  const readers = new Map<string, string[]>();
  for (const id of input.others) {
    const read = input.marks[id]?.read ?? 0;
    const at = lastUpTo(stored, read);
    // Their own message below shows well enough that they have been here.
    const wroteLater = stored.slice(at + 1).some((message) => message.sender === id);
    const message = stored[at];
    if (!message || wroteLater || message.sender === id) continue;
    readers.set(message.id, [...(readers.get(message.id) ?? []), id]);
  }
  return readers;
}

/** Index of the last message with at most this sequence number, or -1. */
function lastUpTo(stored: readonly { readonly seq: number }[], seq: number): number {
  let low = 0;
  let high = stored.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((stored[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
