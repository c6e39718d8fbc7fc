import type { ConversationHandle, ConversationSnapshot } from '@parley/client';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { BlockedNotice } from '../blocks/blocked-notice.tsx';
import { Composer } from '../composer/composer.tsx';
import { Details } from '../details/details.tsx';
import { Notice } from '../parts/notice.tsx';
import { Avatar } from '../people/avatar.tsx';
import { conversationTitle } from '../people/conversation-title.ts';
import { useBlocked } from '../people/use-blocked.ts';
import { type FindPerson, usePeople } from '../people/use-people.ts';
import { place } from '../place/place.ts';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { words } from '../words.ts';
import { peopleIn } from './act-words.ts';
import { useAnnouncer } from './announcer.ts';
import { ConversationHeader } from './conversation-header.tsx';
import { Gone } from './gone.tsx';
import { MessagesLoading } from './messages-loading.tsx';
import { Timeline } from './timeline.tsx';
import { TypingLine } from './typing-line.tsx';
import { useFirstUnread } from './use-first-unread.ts';
import { useReading } from './use-reading.ts';
import './conversation-pane.css';

interface PaneProps {
  readonly id: string;
  readonly me: string;
}

/** The open conversation, and its details beside it. Give it the id as key. */
export function ConversationPane({ id, me }: PaneProps) {
  const client = useClient();
  const handle = useMemo(() => client.conversation(id), [client, id]);
  const snapshot = useStore(handle);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt opens it again
  useEffect(() => handle.open(), [handle, attempt]);

  switch (snapshot.status) {
    case 'gone':
      return <Gone snapshot={snapshot} />;
    case 'failed':
      return (
        <section class="pane pane-notice">
          <Notice
            alert
            heading
            text={words.conversation.failed}
            action={{ label: words.action.retry, run: () => setAttempt(attempt + 1) }}
          />
        </section>
      );
    case 'loading':
    case 'ready':
      return <Open snapshot={snapshot} handle={handle} me={me} />;
  }
}

interface OpenProps {
  readonly snapshot: ConversationSnapshot;
  readonly handle: ConversationHandle;
  readonly me: string;
}

function Open({ snapshot, handle, me }: OpenProps) {
  const title = useMemo(() => conversationTitle(snapshot, me), [snapshot, me]);
  const mentioned = useMemo(
    () => [
      ...new Set(
        snapshot.messages.flatMap((m) => (m.state === 'stored' ? peopleIn(m) : [m.sender])),
      ),
    ],
    [snapshot.messages],
  );
  const person = usePeople(snapshot.members, mentioned);
  const blocked = useBlocked(title.person?.id);
  const [atEnd, setAtEnd] = useState(true);
  const ready = useFirstUnread(handle, snapshot, me) && snapshot.status === 'ready';
  const newFrom = useReading({ handle, snapshot, me, ready, atEnd });
  const empty = snapshot.messages.length === 0 && !snapshot.hasOlder;

  return (
    <>
      <section class="pane" aria-label={words.conversation.pane(title.name)} data-ready={ready}>
        {/* A conversation nobody has told us about yet has no name to show. */}
        {snapshot.kind === null ? (
          <div class="pane-header" />
        ) : (
          <ConversationHeader snapshot={snapshot} title={title} me={me} />
        )}
        {ready && empty && (
          <div class="pane-empty">
            <Notice text={words.conversation.empty}>
              <Avatar id={title.avatarId} name={title.name} picture={title.picture} size={72} />
            </Notice>
          </div>
        )}
        {ready && !empty && (
          <Timeline
            snapshot={snapshot}
            handle={handle}
            name={title.name}
            me={me}
            person={person}
            newFrom={newFrom}
            atEnd={atEnd}
            onAtEnd={setAtEnd}
          />
        )}
        {ready ? <Announcer snapshot={snapshot} me={me} person={person} /> : <MessagesLoading />}
        <TypingLine typing={snapshot.typing} person={person} slowedUntil={snapshot.slowedUntil} />
        {blocked && title.person ? (
          <BlockedNotice person={title.person} />
        ) : (
          <Composer handle={handle} name={title.name} focused={hasKeyboard} />
        )}
      </section>
      {place.value.details && ready && (
        <Details snapshot={snapshot} handle={handle} title={title} me={me} />
      )}
    </>
  );
}

// On a touch screen the keyboard would cover half of what one came to read.
const hasKeyboard = matchMedia('(hover: hover) and (min-width: 640px)').matches;

interface AnnouncerProps {
  readonly snapshot: ConversationSnapshot;
  readonly me: string;
  readonly person: FindPerson;
}

function Announcer({ snapshot, me, person }: AnnouncerProps) {
  useAnnouncer(snapshot, me, person);
  return null;
}
