import { useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import type { Person } from '../people/person.ts';
import { useBlocked } from '../people/use-blocked.ts';
import { useClient } from '../session/client-context.ts';
import { words } from '../words.ts';
import { ConfirmBlock } from './confirm-block.tsx';
import '../parts/button.css';
import './blocks.css';

/** Blocks the other person of a direct conversation, or takes that back. */
export function BlockPerson({ person }: { readonly person: Person }) {
  const client = useClient();
  const blocked = useBlocked(person.id);
  const [asking, setAsking] = useState(false);
  const { problem, attempt } = useAttempt();
  return (
    <div class="block-person">
      {blocked ? (
        <button
          type="button"
          class="button button-quiet"
          onClick={() => attempt(() => client.unblock(person.id))}
        >
          <span class="one-line">{words.block.unblock(person.name)}</span>
        </button>
      ) : (
        <button
          type="button"
          class="button button-danger"
          disabled={blocked === null}
          onClick={() => setAsking(true)}
        >
          <Icon name="block" small />
          <span class="one-line">{words.block.block(person.name)}</span>
        </button>
      )}
      <p class="dialog-problem" role="alert">
        {problem}
      </p>
      {asking && <ConfirmBlock person={person} onClose={() => setAsking(false)} />}
    </div>
  );
}
