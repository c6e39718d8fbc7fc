import type { ConversationHandle } from '@parley/client';
import { limits } from '@parley/protocol';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { useEscape } from '../keyboard/escape.ts';
import { useAttempt } from '../parts/use-attempt.ts';
import { words } from '../words.ts';
import '../parts/field.css';
import './group-name.css';

interface FormProps {
  readonly name: string;
  readonly handle: ConversationHandle;
  readonly onDone: () => void;
}

/** A group's name, which those who may can change in place. */
export function GroupName({
  changeable,
  ...props
}: Omit<FormProps, 'onDone'> & { readonly changeable: boolean }) {
  const { name } = props;
  const [editing, setEditing] = useState(false);
  if (!changeable) {
    return (
      <h3 class="details-name" dir="auto">
        {name}
      </h3>
    );
  }
  if (editing) return <Form {...props} onDone={() => setEditing(false)} />;
  return (
    <div class="group-name">
      <h3 class="details-name" dir="auto">
        {name}
      </h3>
      <button
        type="button"
        class="icon-button group-name-change"
        aria-label={words.details.rename}
        title={words.details.rename}
        onClick={() => setEditing(true)}
      >
        <Icon name="pencil" small />
      </button>
    </div>
  );
}

function Form({ name, handle, onDone }: FormProps) {
  const [text, setText] = useState(name);
  const { busy, problem, attempt } = useAttempt();
  const field = useRef<HTMLInputElement>(null);
  useEscape(true, onDone);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const wanted = text.trim();

  const save = () => {
    if (wanted === '') return;
    if (wanted === name) return onDone();
    attempt(async () => {
      await handle.rename(wanted);
      onDone();
    });
  };

  return (
    <form
      class="group-name-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <input
        ref={field}
        class="field"
        dir="auto"
        autocomplete="off"
        maxLength={limits.nameCodePoints}
        aria-label={words.details.name}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="group-name-actions">
        <button type="button" class="button button-quiet" onClick={onDone}>
          {words.action.cancel}
        </button>
        <button type="submit" class="button button-main" disabled={wanted === '' || busy}>
          {words.details.save}
        </button>
      </div>
      <p class="dialog-problem" role="alert">
        {problem}
      </p>
    </form>
  );
}
