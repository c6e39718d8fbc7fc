import type { ConversationSnapshot } from '@parley/client';
import { useMemo } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { Avatar } from '../people/avatar.tsx';
import type { ConversationTitle } from '../people/conversation-title.ts';
import { presenceWords } from '../people/presence-words.ts';
import { useBlocked } from '../people/use-blocked.ts';
import { usePresence } from '../people/use-presence.ts';
import { go, goToList, goUp, place } from '../place/place.ts';
import { minute } from '../time/clock.ts';
import { words } from '../words.ts';
import '../parts/button.css';
import './conversation-header.css';

interface HeaderProps {
  readonly snapshot: ConversationSnapshot;
  readonly title: ConversationTitle;
  readonly me: string;
}

/** Whom one talks to, whether they are there, and the way to the details. */
export function ConversationHeader({ snapshot, title, me }: HeaderProps) {
  const { members, kind, memberCount, id } = snapshot;
  const others = useMemo(
    () => members.map((member) => member.id).filter((member) => member !== me),
    [members, me],
  );
  const presence = usePresence(others);
  const online = others.filter((other) => presence[other]?.online).length;
  const personPresence = title.person ? presence[title.person.id] : undefined;
  const { onlineCount, count } = words.people;
  // I am online too, or nobody could read this.
  const groupWords = online > 0 ? onlineCount(memberCount, online + 1) : count(memberCount);
  const blocked = useBlocked(title.person?.id);
  const personWords = blocked ? words.people.blocked : presenceWords(personPresence, minute.value);
  const { details } = place.value;
  const here = { conversation: id, details: false };

  return (
    <header class="pane-header">
      <button
        type="button"
        class="icon-button pane-back"
        aria-label={words.conversation.back}
        onClick={goToList}
      >
        <Icon name="back" />
      </button>
      <Avatar
        id={title.avatarId}
        name={title.name}
        picture={title.picture}
        size={36}
        online={personPresence?.online ?? false}
      />
      <div class="pane-title">
        <h1 class="pane-name one-line" dir="auto" title={title.name}>
          {title.name}
        </h1>
        <p class="pane-subtitle one-line figures">{kind === 'group' ? groupWords : personWords}</p>
      </div>
      <button
        type="button"
        class="icon-button"
        aria-label={words.conversation.details}
        aria-expanded={details}
        title={words.conversation.details}
        onClick={() => (details ? goUp(here) : go({ ...here, details: true }))}
      >
        <Icon name={kind === 'group' ? 'people' : 'info'} />
      </button>
    </header>
  );
}
