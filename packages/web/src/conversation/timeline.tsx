import type { ConversationHandle, ConversationSnapshot } from '@parley/client';
import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { pure } from '../parts/pure.ts';
import type { FindPerson } from '../people/use-people.ts';
import { minute } from '../time/clock.ts';
import { labels } from '../time/labels.ts';
import { words } from '../words.ts';
import { arrange, type Block, type Day } from './arrange.ts';
import { AwakeBlocks } from './awake-blocks.ts';
import { Beginning } from './beginning.tsx';
import { JumpToLatest } from './jump-to-latest.tsx';
import { Message } from './message.tsx';
import { newestSeq } from './new-line.ts';
import { type Receipts, receiptsOf } from './receipts.ts';
import { ScrollPlace } from './scroll-place.ts';
import './timeline.css';

interface TimelineProps {
  readonly snapshot: ConversationSnapshot;
  readonly handle: ConversationHandle;
  readonly name: string;
  readonly me: string;
  readonly person: FindPerson;
  /** First unread message, or null. */
  readonly newFrom: number | null;
  /** Whether the end of the conversation is on screen. */
  readonly atEnd: boolean;
  readonly onAtEnd: (atEnd: boolean) => void;
}

/** Older messages are asked for while there is still this much to scroll. */
const loadAheadPx = 1_200;
/** Where the `New` line stands when a conversation is opened, from the upper edge. */
const newLineTopPx = 96;

/** The messages of a conversation, from the oldest loaded one to the newest. */
export function Timeline(props: TimelineProps) {
  const { snapshot, handle, name, me, person, newFrom } = props;
  const group = snapshot.kind === 'group';
  const days = useDays(snapshot, me, newFrom);
  const receipts = useReceipts(snapshot, me, group);
  const older = useOlder(handle, snapshot);
  const view = useScroll(props, older.ahead);
  const [freshAfter] = useState(() => newestSeq(snapshot.messages));

  return (
    <div class={`timeline${group ? ' timeline-group' : ''}`}>
      <section
        ref={view.scroller}
        class="timeline-scroller scrolls"
        aria-label={words.conversation.messages(name)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={view.onScroll}
      >
        <div class="timeline-content" ref={view.content}>
          <Beginning
            hasOlder={snapshot.hasOlder}
            failed={older.failed}
            retry={older.load}
            group={group}
            name={name}
          />
          {days.map((day) => (
            <div key={day.key} class="day">
              <DayLabel time={day.time} />
              {day.blocks.map((block) => (
                <Rows
                  key={block.key}
                  block={block}
                  height={view.heightOf(block.key)}
                  group={group}
                  me={me}
                  person={person}
                  receipts={receipts}
                  handle={handle}
                  freshAfter={freshAfter}
                />
              ))}
            </div>
          ))}
        </div>
      </section>
      <JumpToLatest
        shown={view.far || (!props.atEnd && snapshot.unread > 0)}
        unread={snapshot.unread}
        onJump={view.jump}
      />
    </div>
  );
}

function DayLabel({ time }: { readonly time: string }) {
  return (
    <h2 class="day-label">
      <time dateTime={time.slice(0, 10)}>{labels.day(time, minute.value)}</time>
    </h2>
  );
}

interface RowsProps {
  readonly block: Block;
  /** Height to leave free when the block is far away; null when it is drawn. */
  readonly height: number | null;
  readonly group: boolean;
  readonly me: string;
  readonly person: FindPerson;
  readonly receipts: Receipts;
  readonly handle: ConversationHandle;
  readonly freshAfter: number;
}

const Rows = pure<RowsProps>(({ block, height, receipts, ...rest }) => {
  if (height !== null) {
    return <div data-block={block.key} data-asleep style={{ blockSize: `${height}px` }} />;
  }
  return (
    <ol class="rows" data-block={block.key}>
      {block.rows.map((row) => (
        <Message
          key={row.message.id}
          row={row}
          state={receipts.states.get(row.message.id)}
          readers={receipts.readers.get(row.message.id)}
          {...rest}
        />
      ))}
    </ol>
  );
});

function useDays(
  { messages }: ConversationSnapshot,
  me: string,
  newFrom: number | null,
): readonly Day[] {
  const before = useRef<readonly Day[]>([]);
  const days = useMemo(
    () => arrange({ messages, me, newFrom }, before.current),
    [messages, me, newFrom],
  );
  before.current = days;
  return days;
}

function useReceipts(
  { messages, marks, members }: ConversationSnapshot,
  me: string,
  group: boolean,
): Receipts {
  return useMemo(() => {
    const others = members.map((member) => member.id).filter((id) => id !== me);
    return receiptsOf({ messages, marks, others, me, group });
  }, [messages, marks, members, me, group]);
}

/** Loading earlier messages: one page at a time, and after a failure only when asked again. */
function useOlder(handle: ConversationHandle, { hasOlder, loadingOlder }: ConversationSnapshot) {
  const [failed, setFailed] = useState(false);
  const load = useCallback(() => {
    setFailed(false);
    handle.loadOlder().catch(() => setFailed(true));
  }, [handle]);
  const possible = hasOlder && !loadingOlder;
  return { failed, load, ahead: possible && !failed ? load : null };
}

interface ScrollView {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly far: boolean;
  readonly heightOf: (block: string) => number | null;
  readonly onScroll: () => void;
  readonly jump: () => void;
}

function useScroll(props: TimelineProps, loadOlder: (() => void) | null): ScrollView {
  const { snapshot, newFrom, onAtEnd } = props;
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const place = useRef<ScrollPlace>(null);
  const blocks = useRef(new AwakeBlocks());
  const [, draw] = useState({});
  const [far, setFar] = useState(false);
  const older = useRef(loadOlder);
  older.current = loadOlder;

  const look = useCallback(() => {
    if (!scroller.current || !place.current) return;
    if (blocks.current.survey(scroller.current)) draw({});
    onAtEnd(place.current.atEnd);
    setFar(place.current.toEnd > scroller.current.clientHeight / 2);
    if (place.current.toStart < loadAheadPx) older.current?.();
  }, [onAtEnd]);

  // Once: stand at the first unread message, or at the end.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only where it is opened
  useLayoutEffect(() => {
    if (!scroller.current || !content.current) return;
    const here = new ScrollPlace(scroller.current);
    place.current = here;
    const first = snapshot.messages.find((m) => m.state === 'stored' && m.seq === newFrom);
    if (first) here.showRow(first.id, newLineTopPx);
    const sizes = new ResizeObserver(() => {
      here.settle();
      look();
    });
    sizes.observe(scroller.current);
    sizes.observe(content.current);
    return () => sizes.disconnect();
  }, []);

  // After every render, before it is painted.
  useLayoutEffect(() => {
    place.current?.settle();
    look();
  });

  // Whoever writes wants to see what was written.
  const newest = snapshot.messages.at(-1);
  const mine = newest?.state === 'queued' ? newest.id : null;
  useEffect(() => {
    if (mine) place.current?.showEnd(false);
  }, [mine]);

  return {
    scroller,
    content,
    far,
    heightOf: (block) => blocks.current.heightOf(block),
    onScroll: () => {
      place.current?.remember();
      look();
    },
    jump: () => place.current?.showEnd(!matchMedia('(prefers-reduced-motion: reduce)').matches),
  };
}
