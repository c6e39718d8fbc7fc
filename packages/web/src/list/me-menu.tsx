import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { BlockedPeople } from '../blocks/blocked-people.tsx';
import { Icon } from '../icons/icon.tsx';
import { useEscape } from '../keyboard/escape.ts';
import { sheetShown } from '../keyboard/shortcuts.ts';
import { Avatar } from '../people/avatar.tsx';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { theme, themes } from '../theme/theme.ts';
import { words } from '../words.ts';
import '../parts/field.css';
import './me-menu.css';

/** Who I am in this window, how the page looks, and in the demo the way out. */
export function MeMenu({ onSignOut }: { readonly onSignOut: (() => void) | null }) {
  const me = useStore(useClient().me);
  const [open, setOpen] = useState(false);
  const [listing, setListing] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panelId = useId();
  useEscape(open, () => {
    setOpen(false);
    button.current?.focus();
  });
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
    };
  }, [open]);

  return (
    <div ref={root} class="me">
      <button
        ref={button}
        type="button"
        class="me-button"
        aria-label={me ? `${me.name}, ${words.me.menu}` : words.me.menu}
        title={me?.name}
        aria-expanded={open}
        aria-controls={panelId}
        onClick={() => setOpen(!open)}
      >
        {me ? (
          <Avatar id={me.id} name={me.name} picture={me.avatar_url} size={36} />
        ) : (
          <span class="me-waiting" />
        )}
      </button>
      {open && (
        <div class="me-panel" id={panelId}>
          <p class="me-name" dir="auto">
            {me?.name}
          </p>
          <fieldset class="me-themes">
            <legend class="field-label">{words.me.appearance}</legend>
            <div class="me-theme-choices">
              {themes.map((name) => (
                <label key={name} class="me-theme">
                  <input
                    type="radio"
                    name="theme"
                    class="visually-hidden"
                    value={name}
                    checked={theme.value === name}
                    onChange={() => {
                      theme.value = name;
                    }}
                  />
                  <span>{words.me.themes[name]}</span>
                </label>
              ))}
            </div>
          </fieldset>
          <button
            type="button"
            class="me-action"
            onClick={() => {
              setOpen(false);
              setListing(true);
            }}
          >
            <Icon name="block" small />
            {words.me.blocked}
          </button>
          <button
            type="button"
            class="me-action me-keyboard"
            onClick={() => {
              setOpen(false);
              sheetShown.value = true;
            }}
          >
            <Icon name="keyboard" small />
            {words.shortcuts.title}
          </button>
          {onSignOut && (
            <button type="button" class="me-action" onClick={onSignOut}>
              <Icon name="leave" small />
              {words.me.signOut}
            </button>
          )}
        </div>
      )}
      {listing && <BlockedPeople onClose={() => setListing(false)} />}
    </div>
  );
}
