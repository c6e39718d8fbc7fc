import type { ConversationRow as Conversation } from '@parley/protocol';
import { ReceiptMark } from '../conversation/receipt.tsx';
import { pure } from '../parts/pure.ts';
import { Avatar } from '../people/avatar.tsx';
import type { ConversationTitle } from '../people/conversation-title.ts';
import type { FindPerson } from '../people/use-people.ts';
import { goToConversation, placeAddress } from '../place/place.ts';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { labels } from '../time/labels.ts';
import { words } from '../words.ts';
import { previewOf, waitingOf } from './preview.ts';
import '../parts/count.css';
import './conversation-row.css';

interface RowProps {
  readonly row: Conversation;
  readonly title: ConversationTitle;
  readonly me: string;
  readonly person: FindPerson;
  readonly online: boolean;
  /** It is the conversation that is open. */
  readonly open: boolean;
  /** Tab leads to it. */
  readonly reachable: boolean;
  readonly draft: string;
  readonly now: Date;
  readonly onFocus: (id: string) => void;
}

/** One conversation in the list. A link, so that it can be opened in another window. */
export const ConversationRow = pure<RowProps>((props) => {
  const { row, title, online, open, reachable, draft, now, onFocus } = props;
  return (
    <li class="row" data-row-of={row.id}>
      <a
        class="row-link"
        href={placeAddress({ conversation: row.id, details: false })}
        data-conversation={row.id}
        data-unread={row.unread}
        aria-current={open ? 'page' : undefined}
        tabIndex={reachable ? 0 : -1}
        draggable={false}
        onFocus={() => onFocus(row.id)}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          goToConversation(row.id);
        }}
      >
        <Avatar
          id={title.avatarId}
          name={title.name}
          picture={title.picture}
          size={44}
          online={online}
        />
        <span class="row-words">
          <span class="row-line">
            <span class="row-name one-line" dir="auto" title={title.name}>
              {title.name}
            </span>
            <time class="row-time" dateTime={row.last_activity_at}>
              {labels.short(row.last_activity_at, now)}
            </time>
          </span>
          <span class="row-line">
            {draft ? <Draft text={draft} /> : <LastMessage {...props} />}
            {row.unread > 0 && (
              <span class="count row-unread figures">
                <span aria-hidden="true">{words.list.count(row.unread)}</span>
                <span class="visually-hidden">{words.list.unread(row.unread)}</span>
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  );
});

function Draft({ text }: { readonly text: string }) {
  return (
    <span class="row-preview">
      <span class="row-draft">{words.list.draft}</span>
      <span class="one-line" dir="auto">
        {text.slice(0, 300)}
      </span>
    </span>
  );
}

function LastMessage({ row, me, person }: RowProps) {
  const client = useClient();
  const waiting = waitingOf(useStore(client.conversation(row.id)).messages);
  const { prefix, text } = waiting ?? previewOf(row, me, person);
  return (
    <span class="row-preview">
      {waiting && (
        <span class="row-mark">
          <ReceiptMark state={waiting.state} />
        </span>
      )}
      {prefix && <span class="row-prefix one-line">{prefix}</span>}
      <span class="one-line" dir="auto">
        {text}
      </span>
    </span>
  );
}
