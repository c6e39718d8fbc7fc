import { Icon } from '../icons/icon.tsx';
import { words } from '../words.ts';
import '../parts/count.css';
import './jump-to-latest.css';

interface JumpProps {
  readonly shown: boolean;
  readonly unread: number;
  readonly onJump: () => void;
}

/** Leads back to the newest message, and says how many are unread. */
export function JumpToLatest({ shown, unread, onJump }: JumpProps) {
  const { toLatest, toLatestWithCount } = words.conversation;
  const label = unread > 0 ? toLatestWithCount(unread) : toLatest;
  return (
    <button
      type="button"
      class="jump"
      data-shown={shown}
      tabIndex={shown ? 0 : -1}
      aria-hidden={!shown}
      aria-label={label}
      title={toLatest}
      onClick={onJump}
    >
      <Icon name="down" />
      {unread > 0 && <span class="count jump-count figures">{words.list.count(unread)}</span>}
    </button>
  );
}
