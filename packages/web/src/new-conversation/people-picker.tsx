import type { User } from '@parley/protocol';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { AfterAMoment } from '../parts/after-a-moment.tsx';
import { Notice } from '../parts/notice.tsx';
import { Avatar } from '../people/avatar.tsx';
import { words } from '../words.ts';
import { useFoundPeople } from './use-found-people.ts';
import '../parts/field.css';
import './people-picker.css';

interface PickerProps {
  readonly chosen: readonly User[];
  /** Ids of people who are no choice. */
  readonly without: readonly string[];
  readonly onChoose: (chosen: readonly User[]) => void;
}

/** Finds people by name; a click chooses one or takes them out again. */
export function PeoplePicker({ chosen, without, onChoose }: PickerProps) {
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const found = useFoundPeople(text);
  const listId = useId();
  // After the dialog has opened, which puts the focus on its first control.
  useEffect(() => field.current?.focus(), []);

  const isChosen = (user: User) => chosen.some((one) => one.id === user.id);
  const toggle = (user: User) => {
    onChoose(isChosen(user) ? chosen.filter((one) => one.id !== user.id) : [...chosen, user]);
    setText('');
    field.current?.focus();
  };

  return (
    <div class="picker">
      <div class="picker-top">
        <input
          ref={field}
          class="field"
          type="text"
          dir="auto"
          autocomplete="off"
          spellcheck={false}
          aria-label={words.newConversation.find}
          placeholder={words.newConversation.find}
          aria-controls={listId}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Backspace' && text === '') onChoose(chosen.slice(0, -1));
          }}
        />
        {chosen.length > 0 && <Chosen chosen={chosen} onTakeOut={toggle} />}
      </div>
      <div class="picker-found scrolls" id={listId}>
        <Found found={found} text={text} without={without} isChosen={isChosen} onToggle={toggle} />
      </div>
    </div>
  );
}

interface ChosenProps {
  readonly chosen: readonly User[];
  readonly onTakeOut: (user: User) => void;
}

function Chosen({ chosen, onTakeOut }: ChosenProps) {
  return (
    <ul class="picker-chosen" aria-label={words.newConversation.chosen}>
      {chosen.map((user) => (
        <li key={user.id}>
          <button
            type="button"
            class="chip"
            aria-label={words.newConversation.unchoose(user.name)}
            onClick={() => onTakeOut(user)}
          >
            <bdi class="one-line">{user.name}</bdi>
            <Icon name="close" small />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface FoundProps {
  readonly found: ReturnType<typeof useFoundPeople>;
  readonly text: string;
  readonly without: readonly string[];
  readonly isChosen: (user: User) => boolean;
  readonly onToggle: (user: User) => void;
}

function Found({ found, text, without, isChosen, onToggle }: FoundProps) {
  if (found.status === 'failed') {
    const action = { label: words.action.retry, run: found.retry };
    return <Notice alert text={found.problem} action={action} />;
  }
  if (found.status === 'loading') {
    return (
      <AfterAMoment>
        <p class="picker-waiting" role="status">
          {words.action.loading}…
        </p>
      </AfterAMoment>
    );
  }
  const people = found.people.filter((user) => !without.includes(user.id));
  if (people.length === 0) {
    const { nobody, nobodyAtAll } = words.newConversation;
    return <Notice text={text.trim() === '' ? nobodyAtAll : nobody(text.trim())} />;
  }
  return (
    <ul aria-label={words.newConversation.found}>
      {people.map((user) => (
        <li key={user.id}>
          <button
            type="button"
            class="person-choice"
            aria-pressed={isChosen(user)}
            onClick={() => onToggle(user)}
          >
            <Avatar id={user.id} name={user.name} picture={user.avatar_url} size={36} />
            <span class="person-choice-name one-line" dir="auto" title={user.name}>
              {user.name}
            </span>
            <span class="person-choice-mark">{isChosen(user) && <Icon name="check" small />}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
