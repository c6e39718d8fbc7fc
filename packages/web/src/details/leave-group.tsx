import type { ConversationHandle } from '@parley/client';
import { useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { goToList } from '../place/place.ts';
import { words } from '../words.ts';
import { Confirm } from './confirm.tsx';
import '../parts/button.css';
import './leave-group.css';

interface LeaveProps {
  readonly name: string;
  readonly handle: ConversationHandle;
}

/** The way out of a group. */
export function LeaveGroup({ name, handle }: LeaveProps) {
  const [asking, setAsking] = useState(false);
  return (
    <div class="leave">
      <button type="button" class="button button-danger" onClick={() => setAsking(true)}>
        <Icon name="leave" small />
        {words.details.leave}
      </button>
      {asking && (
        <Confirm
          title={words.details.leaveTitle(name)}
          hint={words.details.leaveHint}
          action={words.details.leaveAction}
          run={async () => {
            await handle.leave();
            goToList();
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
