import type { ConversationHandle, PresenceSnapshot } from '@parley/client';
import type { Member } from '@parley/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ConfirmBlock } from '../blocks/confirm-block.tsx';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { words } from '../words.ts';
import { Confirm } from './confirm.tsx';
import { type AskedAct, MemberRow } from './member-row.tsx';
import './members.css';

interface MembersProps {
  readonly members: readonly Member[];
  /** How many more there are than are known here. */
  readonly more: number;
  readonly presence: PresenceSnapshot;
  readonly me: string;
  readonly handle: ConversationHandle;
}

/** Who is in the group. */
export function Members({ members, more, presence, me, handle }: MembersProps) {
  const blocked = useStore(useClient().blocked) ?? [];
  const [asking, setAsking] = useState<Asking | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const removed = useRef<Asking | null>(null);

  // Whoever has removed somebody goes on with the next.
  useEffect(() => {
    const gone = removed.current;
    if (gone === null || asking !== null) return;
    if (members.some(({ id }) => id === gone.member.id)) return;
    removed.current = null;
    if (document.activeElement !== document.body) return;
    const menus = [...(list.current?.children ?? [])].map((row) => row.querySelector('button'));
    const next = menus.slice(gone.place).find((menu) => menu !== null);
    (next ?? menus.findLast((menu) => menu !== null))?.focus({ preventScroll: true });
  }, [members, asking]);

  return (
    <>
      <ul ref={list} aria-label={words.details.people}>
        {members.map((member, place) => (
          <MemberRow
            key={member.id}
            member={member}
            isMe={member.id === me}
            online={member.id === me || presence[member.id]?.online === true}
            blocked={blocked.includes(member.id)}
            handle={handle}
            onAsk={(act) => setAsking({ act, member, place })}
          />
        ))}
        {more > 0 && <li class="member member-more">{words.details.more(more)}</li>}
      </ul>
      {asking && (
        <Ask
          {...asking}
          handle={handle}
          onRemoved={() => {
            removed.current = asking;
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

interface Asking {
  readonly act: AskedAct;
  readonly member: Member;
  /** Which row it is, from 0. */
  readonly place: number;
}

interface AskProps extends Pick<Asking, 'act' | 'member'> {
  readonly handle: ConversationHandle;
  readonly onRemoved: () => void;
  readonly onClose: () => void;
}

function Ask({ act, member, handle, onRemoved, onClose }: AskProps) {
  const { details } = words;
  switch (act) {
    case 'block':
      return <ConfirmBlock person={member} onClose={onClose} />;
    case 'remove':
      return (
        <Confirm
          title={details.removeTitle(member.name)}
          hint={details.removeHint}
          action={details.removeAction}
          refused={details.removeRefused}
          run={async () => {
            await handle.removeMember(member.id);
            onRemoved();
          }}
          onClose={onClose}
        />
      );
    case 'makeOwner':
      return (
        <Confirm
          title={details.makeOwnerTitle(member.name)}
          hint={details.makeOwnerHint}
          action={details.makeOwnerAction}
          refused={details.roleRefused}
          gives
          run={() => handle.setRole(member.id, 'owner')}
          onClose={onClose}
        />
      );
    case 'stepDown':
      return (
        <Confirm
          title={details.stepDownTitle}
          hint={details.stepDownHint}
          action={details.stepDownAction}
          refused={details.roleRefused}
          run={() => handle.setRole(member.id, 'member')}
          onClose={onClose}
        />
      );
  }
}
