import type { ConversationHandle, ConversationSnapshot } from '@parley/client';
import { useMemo } from 'preact/hooks';
import { BlockPerson } from '../blocks/block-person.tsx';
import { Icon } from '../icons/icon.tsx';
import { useEscape } from '../keyboard/escape.ts';
import { Avatar } from '../people/avatar.tsx';
import type { ConversationTitle } from '../people/conversation-title.ts';
import { presenceWords } from '../people/presence-words.ts';
import { useBlocked } from '../people/use-blocked.ts';
import { usePresence } from '../people/use-presence.ts';
import { goUp } from '../place/place.ts';
import { minute } from '../time/clock.ts';
import { words } from '../words.ts';
import { AddPeople } from './add-people.tsx';
import { GroupName } from './group-name.tsx';
import { LeaveGroup } from './leave-group.tsx';
import { Members } from './members.tsx';
import './details.css';

interface DetailsProps {
  readonly snapshot: ConversationSnapshot;
  readonly handle: ConversationHandle;
  readonly title: ConversationTitle;
  readonly me: string;
}

/** About the open conversation: its person, or its group, people and what one can change. */
export function Details({ snapshot, handle, title, me }: DetailsProps) {
  const close = () => goUp({ conversation: snapshot.id, details: false });
  useEscape(true, close);
  const group = snapshot.kind === 'group';
  const ids = useMemo(() => snapshot.members.map((member) => member.id), [snapshot.members]);
  const presence = usePresence(ids);
  const blocked = useBlocked(title.person?.id);

  return (
    <section class="details" aria-label={words.details.title}>
      <header class="details-header">
        <h2 class="details-title">{words.details.title}</h2>
        <button type="button" class="icon-button" aria-label={words.details.close} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="details-content scrolls">
        <div class="details-who">
          <Avatar id={title.avatarId} name={title.name} picture={title.picture} size={72} />
          {group ? (
            <GroupName name={title.name} handle={handle} changeable={handle.can('rename')} />
          ) : (
            <h3 class="details-name" dir="auto">
              {title.name}
            </h3>
          )}
          <p class="details-about figures">
            {group
              ? words.people.count(snapshot.memberCount)
              : blocked
                ? words.people.blocked
                : presenceWords(title.person ? presence[title.person.id] : undefined, minute.value)}
          </p>
        </div>
        {group && (
          <>
            <section class="details-section">
              <header class="details-section-header">
                <h3 class="details-section-title">{words.details.people}</h3>
                {handle.can('add') && <AddPeople handle={handle} members={ids} />}
              </header>
              <Members
                members={snapshot.members}
                more={snapshot.memberCount - snapshot.members.length}
                presence={presence}
                me={me}
                handle={handle}
              />
            </section>
            {handle.can('leave') && <LeaveGroup name={title.name} handle={handle} />}
          </>
        )}
        {title.person !== null && title.person.id !== me && <BlockPerson person={title.person} />}
      </div>
    </section>
  );
}
