import type { ConversationHandle, PresenceSnapshot } from '@parley/client';
import type { Member, MemberRole } from '@parley/protocol';
import { useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { Avatar } from '../people/avatar.tsx';
import { words } from '../words.ts';
import { Confirm } from './confirm.tsx';
import './members.css';

interface MembersProps {
  readonly members: readonly Member[];
  /** How many more there are than are known here. */
  readonly more: number;
  readonly presence: PresenceSnapshot;
  readonly me: string;
  readonly handle: ConversationHandle;
}

/** Who is in the group. Owners and admins can remove others. */
export function Members({ members, more, presence, me, handle }: MembersProps) {
  const [removing, setRemoving] = useState<Member | null>(null);
  const role = members.find((member) => member.id === me)?.role ?? 'member';
  return (
    <>
      <ul aria-label={words.details.people}>
        {members.map((member) => (
          <li key={member.id} class="member">
            <Avatar
              id={member.id}
              name={member.name}
              picture={member.avatar_url}
              size={36}
              online={member.id === me || presence[member.id]?.online === true}
            />
            <span class="member-name one-line" title={member.name}>
              <bdi>{member.name}</bdi>
              {member.id === me && <span class="member-you"> ({words.people.you})</span>}
            </span>
            {roleWords(member.role) && <span class="member-role">{roleWords(member.role)}</span>}
            {mayRemove(role, member, me) && (
              <button
                type="button"
                class="icon-button member-remove"
                aria-label={words.details.remove(member.name)}
                title={words.details.remove(member.name)}
                onClick={() => setRemoving(member)}
              >
                <Icon name="close" small />
              </button>
            )}
          </li>
        ))}
        {more > 0 && <li class="member member-more">{words.details.more(more)}</li>}
      </ul>
      {removing && (
        <Confirm
          title={words.details.removeTitle(removing.name)}
          hint={words.details.removeHint}
          action={words.details.removeAction}
          run={() => handle.removeMember(removing.id)}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function roleWords(role: MemberRole): string {
  switch (role) {
    case 'owner':
      return words.details.owner;
    case 'admin':
      return words.details.admin;
    case 'member':
      return '';
  }
}

function mayRemove(mine: MemberRole, member: Member, me: string): boolean {
  if (member.id === me || member.role === 'owner') return false;
  return mine === 'owner' || (mine === 'admin' && member.role === 'member');
}
