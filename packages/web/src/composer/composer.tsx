import type { ConversationHandle } from '@parley/client';
import { codePoints, limits } from '@parley/protocol';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { words } from '../words.ts';
import { drafts, keepDraft } from './drafts.ts';
import { isSendKey } from './send-key.ts';
import './composer.css';

interface ComposerProps {
  readonly handle: ConversationHandle;
  /** Who or what one writes to. */
  readonly name: string;
  /** Takes the focus when it appears. */
  readonly focused: boolean;
}

const counterFrom = 9_500;
const growsByItself = CSS.supports('field-sizing', 'content');

/** Where one writes: Enter sends, Shift+Enter breaks the line, the draft stays with the conversation. */
export function Composer({ handle, name, focused }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const compositionEnd = useRef<number | null>(null);
  const [problem, setProblem] = useState(false);
  const text = drafts.value.get(handle.id) ?? '';
  const length = text.length < counterFrom ? text.length : codePoints(text.trim());
  const sendable = text.trim() !== '' && length <= limits.bodyCodePoints;

  useLayoutEffect(() => {
    if (!growsByItself && field.current) grow(field.current);
  });
  useLayoutEffect(() => {
    if (focused) field.current?.focus({ preventScroll: true });
  }, [focused]);
  useEffect(() => () => handle.setTyping(false), [handle]);

  const write = (next: string) => {
    keepDraft(handle.id, next);
    setProblem(false);
    handle.setTyping(next.trim() !== '');
  };
  const send = () => {
    // What is in the field now, which may be newer than what was drawn last.
    const now = drafts.peek().get(handle.id) ?? '';
    if (now.trim() === '' || codePoints(now.trim()) > limits.bodyCodePoints) return;
    try {
      handle.send(now);
      keepDraft(handle.id, '');
    } catch {
      // What could never be sent stays in the field, so that it can be changed.
      setProblem(true);
    }
    field.current?.focus({ preventScroll: true });
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-box">
        <textarea
          ref={field}
          class="composer-field scrolls"
          rows={1}
          dir="auto"
          enterkeyhint="send"
          autocomplete="off"
          aria-label={words.composer.label(name)}
          placeholder={words.composer.placeholder(name)}
          value={text}
          onInput={(event) => write(event.currentTarget.value)}
          onBlur={() => handle.setTyping(false)}
          onCompositionEnd={(event) => {
            compositionEnd.current = event.timeStamp;
          }}
          onKeyDown={(event) => {
            if (!isSendKey(event, compositionEnd.current)) return;
            event.preventDefault();
            send();
          }}
        />
        <button
          type="submit"
          class="composer-send"
          data-shown={text.trim() !== ''}
          disabled={!sendable}
          aria-label={words.composer.send}
          title={words.composer.send}
        >
          <Icon name="send" />
        </button>
      </div>
      <Count length={length} problem={problem} />
    </form>
  );
}

function Count({ length, problem }: { readonly length: number; readonly problem: boolean }) {
  const left = limits.bodyCodePoints - length;
  const counted = length >= counterFrom;
  return (
    <p class={`composer-count figures${left < 0 || problem ? ' composer-over' : ''}`} role="status">
      {problem && words.problem('bad_request')}
      {!problem && counted && left >= 0 && words.composer.left(left)}
      {!problem && counted && left < 0 && words.composer.over(-left)}
    </p>
  );
}

/** For browsers that cannot size a field by its content. */
function grow(field: HTMLTextAreaElement): void {
  field.style.blockSize = 'auto';
  field.style.blockSize = `${field.scrollHeight}px`;
}
