import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { useEscape } from '../keyboard/escape.ts';
import { findAsked } from '../keyboard/shortcuts.ts';
import { words } from '../words.ts';
import '../parts/button.css';
import './find-field.css';

interface FindProps {
  readonly value: string;
  readonly onInput: (text: string) => void;
  /** Arrow down: on to the rows. */
  readonly onDown: () => void;
  readonly onEnter: () => void;
}

const mac = /Mac|iPhone|iPad/u.test(navigator.userAgent);

/** Finds a conversation by its name or its people. */
export function FindField({ value, onInput, onDown, onEnter }: FindProps) {
  const field = useRef<HTMLInputElement>(null);
  const asked = findAsked.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again, it takes the focus again
  useLayoutEffect(() => {
    if (asked === 0) return;
    field.current?.focus();
    field.current?.select();
  }, [asked]);
  const cameFrom = useRef<HTMLElement | null>(null);
  const [focused, setFocused] = useState(false);
  useEscape(focused && value === '', () => {
    if (cameFrom.current?.isConnected) cameFrom.current.focus({ preventScroll: true });
    else field.current?.blur();
  });
  useEscape(value !== '', () => onInput(''));
  return (
    <search class="find">
      <Icon name="search" small />
      <input
        ref={field}
        class="find-field"
        type="text"
        enterkeyhint="search"
        autocomplete="off"
        spellcheck={false}
        dir="auto"
        aria-label={words.list.find}
        placeholder={words.list.find}
        aria-keyshortcuts="Control+K Meta+K"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        onFocus={(event) => {
          const { relatedTarget } = event;
          cameFrom.current = relatedTarget instanceof HTMLElement ? relatedTarget : null;
          setFocused(true);
        }}
        onBlur={() => setFocused(false)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === 'Enter') onEnter();
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          onDown();
        }}
      />
      {value === '' ? (
        <span class="find-hint" aria-hidden="true">
          {words.list.findHint(mac)}
        </span>
      ) : (
        <button
          type="button"
          class="icon-button"
          aria-label={words.list.clearFind}
          onClick={() => {
            onInput('');
            field.current?.focus();
          }}
        >
          <Icon name="close" small />
        </button>
      )}
    </search>
  );
}
