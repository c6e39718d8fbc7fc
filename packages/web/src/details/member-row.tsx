import type { ConversationHandle } from '@parley/client';
import type { Member, MemberRole } from '@parley/protocol';
import { Menu } from '../parts/menu.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import { Avatar } from '../people/avatar.tsx';
import { useClient } from '../session/client-context.ts';
import { words } from '../words.ts';
import { type MemberAct, memberActs, ownActs } from './member-acts.ts';
import './members.css';

/** What is asked about once more before it is done. */
export type AskedAct = 'makeOwner' | 'remove' | 'block' | 'stepDown';

interface MemberRowProps {
  readonly member: Member;
  readonly isMe: boolean;
  readonly online: boolean;
  readonly blocked: boolean;
  readonly handle: ConversationHandle;
  readonly onAsk: (act: AskedAct) => void;
}

/** Somebody in the group, what they are, and what I can do with them. */
export function MemberRow({ member, isMe, online, blocked, handle, onAsk }: MemberRowProps) {
  const client = useClient();
  const { id, name } = member;
  const { problem, attempt } = useAttempt(words.details.roleRefused);
  const acts = isMe ? ownActs(member, handle) : memberActs(member, blocked, handle);

  const doAct = (act: MemberAct) => {
    switch (act) {
      case 'makeOwner':
      case 'remove':
      case 'block':
      case 'stepDown':
        onAsk(act);
        break;
      case 'makeAdmin':
        attempt(() => handle.setRole(id, 'admin'));
        break;
      case 'unmakeAdmin':
      case 'unmakeOwner':
        attempt(() => handle.setRole(id, 'member'));
        break;
      case 'unblock':
        attempt(() => client.unblock(id));
        break;
    }
  };

  return (
    <li class="member">
      <Avatar id={id} name={name} picture={member.avatar_url} size={36} online={online} />
      <span class="member-words">
        <span class="member-name one-line" title={name}>
          <bdi>{name}</bdi>
          {isMe && <span class="member-you"> ({words.people.you})</span>}
        </span>
        {blocked && <span class="member-blocked">{words.people.blocked}</span>}
      </span>
      {roleWords(member.role) && <span class="member-role">{roleWords(member.role)}</span>}
      {acts.length === 0 ? (
        <span class="member-no-menu" />
      ) : (
        <Menu
          label={isMe ? words.details.actsOnMe : words.details.actsOn(name)}
          items={acts.map((act) => ({
            label: actLabel(act),
            danger: act === 'remove' || act === 'block',
            run: () => doAct(act),
          }))}
        />
      )}
      {problem !== '' && (
        <p class="dialog-problem member-problem" role="alert">
          {problem}
        </p>
      )}
    </li>
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

function actLabel(act: MemberAct): string {
  switch (act) {
    case 'block':
      return words.block.action;
    case 'unblock':
      return words.block.undo;
    default:
      return words.details[act];
  }
}
