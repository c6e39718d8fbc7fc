import type { ConversationHandle, WireError } from '@parley/client';
import { useState } from 'preact/hooks';
import { Avatar } from '../people/avatar.tsx';
import type { FindPerson } from '../people/use-people.ts';
import { labels } from '../time/labels.ts';
import { words } from '../words.ts';
import { actWords } from './act-words.ts';
import { isSpoken, type Row } from './arrange.ts';
import { isEmojiOnly } from './emoji-only.ts';
import { MessageText } from './message-text.tsx';
import { Readers, ReceiptMark } from './receipt.tsx';
import type { OwnState } from './receipts.ts';
import './message.css';

interface MessageProps {
  readonly row: Row;
  readonly group: boolean;
  readonly me: string;
  readonly person: FindPerson;
  readonly state: OwnState | undefined;
  readonly readers: readonly string[] | undefined;
  readonly handle: ConversationHandle;
  /** Messages above this sequence number came while the conversation was open: they rise. */
  readonly freshAfter: number;
}

const freshMs = 5_000;

/** One line of the timeline: what somebody wrote, or an act in the middle. */
export function Message(props: MessageProps) {
  const { row } = props;
  return (
    <>
      {row.newHere && (
        <li class="new-line" data-new-line>
          <span>{words.conversation.newLine}</span>
        </li>
      )}
      {isSpoken(row.message) ? <Spoken {...props} /> : <Told {...props} />}
    </>
  );
}

function Told({ row: { message, run }, me, person }: MessageProps) {
  if (message.state !== 'stored' || run === 0) return null;
  const nameOf = (id: string) => person(id).name;
  const text =
    message.kind === 'hidden' ? words.message.hidden(run) : actWords(message, me, nameOf);
  return (
    <li class="told" data-row={message.id} data-seq={message.seq}>
      <span dir="auto" title={labels.full(message.created_at)}>
        {text}
      </span>
    </li>
  );
}

function Spoken(props: MessageProps) {
  const { row, group, person, state, readers, handle } = props;
  const { message, own, first, last } = row;
  const [fresh] = useState(() => isFresh(props));
  const sender = person(message.sender ?? '');
  const withFace = group && !own;
  return (
    <li
      class={[
        'message',
        own ? 'message-own' : 'message-other',
        first && 'message-first',
        last && 'message-last',
        fresh && 'message-fresh',
      ]
        .filter(Boolean)
        .join(' ')}
      data-row={message.id}
      data-message={message.id}
      data-state={message.state}
      data-seq={message.state === 'stored' ? message.seq : undefined}
    >
      {withFace && (
        <span class="message-face">
          {first && (
            <Avatar id={sender.id} name={sender.name} picture={sender.avatar_url} size={28} />
          )}
        </span>
      )}
      <div class="message-column">
        {first ? (
          <p class="message-meta">
            <bdi class={withFace ? 'message-name one-line' : 'visually-hidden'} title={sender.name}>
              {own ? words.people.you : sender.name}
            </bdi>
            <Time at={message.created_at} />
          </p>
        ) : (
          <span class="visually-hidden">
            {words.message.said(
              own ? words.people.you : sender.name,
              labels.clock(message.created_at),
            )}
          </span>
        )}
        <div class="message-line">
          <Bubble message={message} />
          {!first && <Time at={message.created_at} hover />}
        </div>
      </div>
      <span class="message-end">
        {readers ? (
          <Readers readers={readers} person={person} />
        ) : (
          state && <ReceiptMark state={state} />
        )}
      </span>
      {message.state === 'failed' && (
        <p class="message-failed" role="alert">
          <span>
            {words.message.notSent} {failureWords(message.error, group)}
          </span>
          <span class="failed-actions">
            <button type="button" class="failed-action" onClick={() => handle.retry(message.id)}>
              {words.message.retry}
            </button>
            <button
              type="button"
              class="failed-action failed-discard"
              onClick={() => handle.discard(message.id)}
            >
              {words.message.discard}
            </button>
          </span>
        </p>
      )}
    </li>
  );
}

function failureWords({ code }: WireError, group: boolean): string {
  // In a direct conversation one of the two blocks the other; which, nobody is told.
  if (code === 'not_allowed' && !group) return words.message.refusedDirect;
  return words.problem(code);
}

function Bubble({ message }: { readonly message: Row['message'] }) {
  if (message.state === 'stored' && message.deleted_at !== undefined) {
    return <p class="bubble bubble-deleted">{words.message.deleted}</p>;
  }
  if (isEmojiOnly(message.body)) {
    return (
      <p class="bubble-emoji" dir="auto">
        {message.body}
      </p>
    );
  }
  const edited = message.state === 'stored' && message.edited_at !== undefined;
  return (
    <div class="bubble">
      {/* The text has a direction of its own; the bubble's corners keep the page's. */}
      <p dir="auto">
        <MessageText text={message.body} />
        {edited && <span class="bubble-edited">{words.message.edited}</span>}
      </p>
    </div>
  );
}

function Time({ at, hover }: { readonly at: string; readonly hover?: boolean }) {
  return (
    <time
      class={hover ? 'message-time message-time-hover' : 'message-time'}
      dateTime={at}
      title={labels.full(at)}
      aria-hidden={hover}
    >
      {labels.clock(at)}
    </time>
  );
}

function isFresh({ row: { message }, freshAfter }: MessageProps): boolean {
  if (message.state === 'stored' && message.seq <= freshAfter) return false;
  return Date.now() - Date.parse(message.created_at) < freshMs;
}
