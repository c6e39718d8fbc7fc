import type { TimelineMessage } from '@parley/client';
import { dayKey } from '../time/time-labels.ts';

/** One line of the timeline and its place in its group. */
export interface Row {
  readonly message: TimelineMessage;
  readonly own: boolean;
  /** First of a group: carries the avatar, the name and the time. */
  readonly first: boolean;
  /** Last of a group. */
  readonly last: boolean;
  /** The first unread message: the `New` line stands above it. */
  readonly newHere: boolean;
  /**
   * Of a hidden message: how many in a row end here, told as one; 0 where a later one tells of it.
   * Of others 1.
   */
  readonly run: number;
}

/** A run of rows that is drawn, or left out while far away, as a whole. */
export interface Block {
  readonly key: string;
  readonly rows: readonly Row[];
}

/** The messages of one local day. */
export interface Day {
  readonly key: string;
  /** A time of that day, ISO 8601. */
  readonly time: string;
  readonly blocks: readonly Block[];
}

export interface ArrangeInput {
  readonly messages: readonly TimelineMessage[];
  readonly me: string;
  /** Sequence number of the first unread message, or null. */
  readonly newFrom: number | null;
}

const groupMs = 5 * 60_000;
const rowsPerBlock = 24;

/** What kind of line this is: written text, or an act that stands in the middle. */
export function isSpoken(message: TimelineMessage): boolean {
  return message.state !== 'stored' || message.kind === 'text';
}

/**
 * Puts messages into days, blocks and groups.
 *
 * A block's key follows from day and sequence number, so older messages change no block but the
 * oldest. What equals the `before` arrangement is the same object again.
 */
export function arrange(input: ArrangeInput, before: readonly Day[] = []): readonly Day[] {
  const known = new Map(before.flatMap((day) => day.blocks.map((block) => [block.key, block])));
  const days: { key: string; time: string; blocks: { key: string; rows: Row[] }[] }[] = [];
  let lastSeq = 0;
  const firstLoaded = input.messages.find((message) => message.state === 'stored')?.seq ?? 1;
  // Where the unread begin above what is loaded, the line would stand in the wrong place.
  const newFrom = input.newFrom !== null && input.newFrom >= firstLoaded ? input.newFrom : null;
  let newShown = false;
  let previous: { readonly message: TimelineMessage; readonly day: string } | undefined;

  for (const message of input.messages) {
    lastSeq = message.state === 'stored' ? message.seq : lastSeq + 1;
    const own = message.sender === input.me;
    const newHere: boolean =
      !newShown && newFrom !== null && !own && isSpoken(message) && lastSeq >= newFrom;
    newShown ||= newHere;

    let here = days.at(-1);
    const day = dayAfter(here, message);
    if (here?.key !== day) {
      here = { key: day, time: message.created_at, blocks: [] };
      days.push(here);
    }
    const together: boolean =
      !newHere &&
      previous !== undefined &&
      previous.day === day &&
      belongTogether(previous.message, message);
    const blockKey = `${day}/${Math.floor(lastSeq / rowsPerBlock)}`;
    let block = here.blocks.at(-1);
    if (block?.key !== blockKey) {
      block = { key: blockKey, rows: [] };
      here.blocks.push(block);
    }
    const before = previous?.day === day ? previous.message : undefined;
    const run = before !== undefined && isHidden(message) && isHidden(before) ? runBefore(days) : 0;
    if (together) changeLast(days, { last: false });
    else if (run > 0) changeLast(days, { run: 0 });
    block.rows.push({ message, own, first: !together, last: true, newHere, run: run + 1 });
    previous = { message, day };
  }
  return days.map((day) => ({
    ...day,
    blocks: day.blocks.map((block) => {
      const same = known.get(block.key);
      return same && sameRows(same.rows, block.rows) ? same : block;
    }),
  }));
}

/** The message's day; never one before the day above it, whatever this device's clock says. */
function dayAfter(
  here: { key: string; time: string } | undefined,
  message: TimelineMessage,
): string {
  const back = here !== undefined && Date.parse(message.created_at) < Date.parse(here.time);
  return back ? here.key : dayKey(message.created_at);
}

/** Said by one person within five minutes of the message before. */
function belongTogether(a: TimelineMessage, b: TimelineMessage): boolean {
  if (a.sender !== b.sender || !isSpoken(a) || !isSpoken(b)) return false;
  return Math.abs(Date.parse(b.created_at) - Date.parse(a.created_at)) <= groupMs;
}

/** Somebody's whom I block: nothing but its place. */
function isHidden(message: TimelineMessage): boolean {
  return message.state === 'stored' && message.kind === 'hidden';
}

type Draft = readonly { readonly blocks: readonly { readonly rows: Row[] }[] }[];

/** The newest rows so far; the block of the one that comes next may be empty yet. */
function lastRows(days: Draft): Row[] | undefined {
  return days.at(-1)?.blocks.findLast(({ rows }) => rows.length > 0)?.rows;
}

function runBefore(days: Draft): number {
  return lastRows(days)?.at(-1)?.run ?? 0;
}

/** The newest row so far is not the last of its kind after all. */
function changeLast(days: Draft, change: Partial<Row>): void {
  const rows = lastRows(days);
  const row = rows?.pop();
  if (row) rows?.push({ ...row, ...change });
}

function sameRows(a: readonly Row[], b: readonly Row[]): boolean {
  return (
    a.length === b.length &&
    a.every((row, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        row.message === other.message &&
        row.own === other.own &&
        row.first === other.first &&
        row.last === other.last &&
        row.newHere === other.newHere &&
        row.run === other.run
      );
    })
  );
}
