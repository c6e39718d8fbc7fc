import { useAttempt } from '../parts/use-attempt.ts';
import type { Person } from '../people/person.ts';
import { useClient } from '../session/client-context.ts';
import { words } from '../words.ts';
import '../parts/button.css';
import './blocks.css';

/** Stands where one would write, in the conversation with a person whom I block. */
export function BlockedNotice({ person }: { readonly person: Person }) {
  const client = useClient();
  const { busy, problem, attempt } = useAttempt();
  return (
    <div class="blocked-notice">
      <p class="blocked-words">
        <bdi>{words.block.notice(person.name)}</bdi>
      </p>
      <button
        type="button"
        class="button button-text"
        disabled={busy}
        onClick={() => attempt(() => client.unblock(person.id))}
      >
        {words.block.undo}
      </button>
      {problem !== '' && (
        <p class="dialog-problem blocked-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
