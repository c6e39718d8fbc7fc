import { Icon } from '../icons/icon.tsx';
import { place } from '../place/place.ts';
import { words } from '../words.ts';
import { ConversationList } from './conversation-list.tsx';
import { ListWidth } from './list-width.tsx';
import { MeMenu } from './me-menu.tsx';
import '../parts/button.css';
import './list-pane.css';

interface ListPaneProps {
  readonly me: string;
  /** Null for whom nothing is to be started: guests. */
  readonly onStart: (() => void) | null;
  readonly onSignOut: (() => void) | null;
}

/** The side with the conversations: who I am, a new conversation, finding one, the list. */
export function ListPane({ me, onStart, onSignOut }: ListPaneProps) {
  // An open conversation is what the page is about.
  const Heading = place.value.conversation === null ? 'h1' : 'h2';
  return (
    <nav class="list-pane" aria-label={words.list.label}>
      <header class="list-header">
        <MeMenu onSignOut={onSignOut} />
        <Heading class="list-title">{words.list.title}</Heading>
        {onStart && (
          <button
            type="button"
            class="icon-button"
            aria-label={words.list.start}
            title={words.list.start}
            onClick={onStart}
          >
            <Icon name="compose" />
          </button>
        )}
      </header>
      <ConversationList me={me} onStart={onStart} />
      <ListWidth />
    </nav>
  );
}
