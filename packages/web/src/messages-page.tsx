import type { ConversationListSnapshot } from '@parley/client';
import { useEffect, useState } from 'preact/hooks';
import { ConnectionBar } from './connection/connection-bar.tsx';
import { announcement } from './conversation/announcer.ts';
import { ConversationPane } from './conversation/conversation-pane.tsx';
import { MessagesLoading } from './conversation/messages-loading.tsx';
import { useEscape } from './keyboard/escape.ts';
import { ShortcutSheet } from './keyboard/shortcut-sheet.tsx';
import { narrow } from './keyboard/shortcuts.ts';
import { ListPane } from './list/list-pane.tsx';
import { NewConversation } from './new-conversation/new-conversation.tsx';
import { Notice } from './parts/notice.tsx';
import { goToList, place } from './place/place.ts';
import { useClient } from './session/client-context.ts';
import { useStore } from './session/use-store.ts';
import { words } from './words.ts';
import './messages-page.css';

interface MessagesProps {
  /** Null where only the host product signs people in and out. */
  readonly onSignOut: (() => void) | null;
}

/** List, conversation and details: side by side where there is room, else one at a time. */
export function MessagesPage({ onSignOut }: MessagesProps) {
  const client = useClient();
  // My id is known from the first hello on; the page keeps its shape until then.
  const person = useStore(client.me);
  const me = person?.id ?? '';
  // Until it is known who I am, the button is there: for most it stays.
  const start = person?.role === 'guest' ? null : () => setStarting(true);
  const [starting, setStarting] = useState(false);
  const { conversation, details } = place.value;
  useTitle(useStore(client.conversations));
  useEscape(conversation !== null && narrow.matches, goToList);

  return (
    <div class="messages" data-open={conversation !== null} data-details={details}>
      <main class="messages-panes">
        <ConnectionBar />
        <ListPane me={me} onStart={start} onSignOut={onSignOut} />
        {conversation !== null && me !== '' ? (
          <ConversationPane key={conversation} id={conversation} me={me} />
        ) : (
          <section class={conversation === null ? 'pane pane-notice' : 'pane'}>
            {conversation === null ? (
              <Notice
                text={start ? words.conversation.none : words.conversation.noneForGuest}
                action={start && { label: words.list.start, run: start }}
              />
            ) : (
              <MessagesLoading />
            )}
          </section>
        )}
      </main>
      <p class="visually-hidden" role="log" aria-live="polite">
        {announcement}
      </p>
      {starting && <NewConversation me={me} onClose={() => setStarting(false)} />}
      <ShortcutSheet />
    </div>
  );
}

/** The window's title says how many messages wait. */
function useTitle({ conversations }: ConversationListSnapshot): void {
  const unread = conversations.reduce((sum, row) => sum + row.unread, 0);
  useEffect(() => {
    document.title = unread > 0 ? words.titleWithUnread(unread) : words.product;
  }, [unread]);
}
