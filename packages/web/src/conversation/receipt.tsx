import { Icon, type IconName } from '../icons/icon.tsx';
import { Avatar } from '../people/avatar.tsx';
import type { FindPerson } from '../people/use-people.ts';
import { words } from '../words.ts';
import type { OwnState } from './receipts.ts';
import './receipt.css';

const icons: Readonly<Record<OwnState, IconName>> = {
  queued: 'clock',
  failed: 'alert',
  sent: 'check',
  delivered: 'checks',
  read: 'checks',
};

/** The mark beside a message of mine: clock, one check, two, two in the accent colour, or alert. */
export function ReceiptMark({ state }: { readonly state: OwnState }) {
  const label = words.message.states[state];
  return (
    <span
      class={`receipt receipt-${state}`}
      data-receipt={state}
      role="img"
      aria-label={label}
      title={label}
    >
      <Icon name={icons[state]} small />
    </span>
  );
}

const shownReaders = 3;

interface ReadersProps {
  readonly readers: readonly string[];
  readonly person: FindPerson;
}

/** Small stacked pictures of those who have read up to here. */
export function Readers({ readers, person }: ReadersProps) {
  const more = readers.length > shownReaders ? readers.length - (shownReaders - 1) : 0;
  const shown = more > 0 ? readers.slice(0, shownReaders - 1) : readers;
  const label = words.message.readBy(readers.map((id) => person(id).name));
  return (
    <span class="readers" role="img" aria-label={label} title={label} data-readers={readers.length}>
      {shown.map((id) => {
        const { name, avatar_url } = person(id);
        return <Avatar key={id} id={id} name={name} picture={avatar_url} size={16} />;
      })}
      {more > 0 && <span class="readers-more figures">+{Math.min(more, 99)}</span>}
    </span>
  );
}
