import { limits, type User } from '@parley/protocol';
import { useId, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import { useBlocked } from '../people/use-blocked.ts';
import { goToConversation } from '../place/place.ts';
import { useClient } from '../session/client-context.ts';
import { words } from '../words.ts';
import { PeoplePicker } from './people-picker.tsx';
import './new-conversation.css';

interface NewConversationProps {
  readonly me: string;
  readonly onClose: () => void;
}

/** Starts a conversation: one person makes it direct, several make a group with a name. */
export function NewConversation({ me, onClose }: NewConversationProps) {
  const client = useClient();
  const nameId = useId();
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [name, setName] = useState('');
  const { busy, problem, attempt } = useAttempt();
  const [first] = chosen;
  const group = chosen.length > 1;
  // A group may be made with them: there they are hidden.
  const blocked = useBlocked(first?.id) === true && !group;

  const create = () => {
    if (!first || blocked) return;
    const trimmed = name.trim();
    attempt(async () => {
      const made = group
        ? await client.createGroup({
            members: chosen.map((user) => user.id),
            ...(trimmed === '' ? {} : { name: trimmed }),
          })
        : await client.createDirect(first.id);
      onClose();
      goToConversation(made.id);
    });
  };

  return (
    <Dialog title={words.newConversation.title} tall onClose={onClose}>
      <form
        class="new-conversation"
        onSubmit={(event) => {
          event.preventDefault();
          create();
        }}
      >
        <PeoplePicker chosen={chosen} without={[me]} onChoose={setChosen} />
        {group && (
          <div class="new-conversation-name">
            <label class="field-label" for={nameId}>
              {words.newConversation.groupName}
            </label>
            <input
              id={nameId}
              class="field"
              dir="auto"
              autocomplete="off"
              maxLength={limits.nameCodePoints}
              placeholder={words.newConversation.groupNameHint}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </div>
        )}
        <footer class="dialog-footer">
          <p class="dialog-problem" role="alert">
            {blocked && first ? words.block.listed(first.name) : problem}
          </p>
          <button
            type="submit"
            class="button button-main new-conversation-start"
            disabled={!first || blocked || busy}
          >
            <span class="one-line">{startWords(chosen)}</span>
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function startWords(chosen: readonly User[]): string {
  const { direct, group, start } = words.newConversation;
  const [first] = chosen;
  if (!first) return start;
  // Me too.
  return chosen.length === 1 ? direct(first.name) : group(chosen.length + 1);
}
