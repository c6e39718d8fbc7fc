import type { ConversationHandle } from '@parley/client';
import type { User } from '@parley/protocol';
import { useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { PeoplePicker } from '../new-conversation/people-picker.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import { words } from '../words.ts';
import '../parts/button.css';

interface AddPeopleProps {
  readonly handle: ConversationHandle;
  /** Who is in already. */
  readonly members: readonly string[];
}

/** Brings more people into a group. */
export function AddPeople({ handle, members }: AddPeopleProps) {
  const [choosing, setChoosing] = useState(false);
  return (
    <>
      <button type="button" class="button button-text" onClick={() => setChoosing(true)}>
        <Icon name="addPerson" small />
        {words.details.add}
      </button>
      {choosing && (
        <AddDialog handle={handle} members={members} onClose={() => setChoosing(false)} />
      )}
    </>
  );
}

function AddDialog({
  handle,
  members,
  onClose,
}: AddPeopleProps & { readonly onClose: () => void }) {
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const { busy, problem, attempt } = useAttempt();
  const add = () =>
    attempt(async () => {
      await handle.addMembers(chosen.map((user) => user.id));
      onClose();
    });
  return (
    <Dialog title={words.details.add} tall onClose={onClose}>
      <PeoplePicker chosen={chosen} without={members} onChoose={setChosen} />
      <footer class="dialog-footer">
        <p class="dialog-problem" role="alert">
          {problem}
        </p>
        <button
          type="button"
          class="button button-main"
          disabled={chosen.length === 0 || busy}
          onClick={add}
        >
          {chosen.length === 0 ? words.details.add : words.details.addThese(chosen.length)}
        </button>
      </footer>
    </Dialog>
  );
}
