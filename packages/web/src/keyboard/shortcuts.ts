import { signal } from '@preact/signals';
import { go } from '../place/place.ts';
import { closeTopmost } from './escape.ts';

/** Counts how often the field that finds a conversation was asked for. */
export const findAsked = signal(0);

/** Whether the sheet with all shortcuts is shown. */
export const sheetShown = signal(false);

/** Listens to the page's shortcuts until the returned function is called. */
export function listenToShortcuts(): () => void {
  const press = (event: KeyboardEvent) => {
    // A dialog closes itself, and an input method needs its keys.
    if (event.defaultPrevented || event.isComposing) return;
    const inDialog = document.querySelector('dialog[open]') !== null;
    if (inDialog) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      // On a narrow screen the list is not there while a conversation is open.
      if (narrow.matches) go({ conversation: null, details: false });
      findAsked.value++;
    } else if (event.key === 'Escape') {
      if (closeTopmost()) event.preventDefault();
    } else if (event.key === '?' && !isWriting(event.target)) {
      event.preventDefault();
      sheetShown.value = true;
    }
  };
  document.addEventListener('keydown', press);
  return () => document.removeEventListener('keydown', press);
}

/** One thing at a time fits: the list, or a conversation. */
export const narrow = matchMedia('(max-width: 639px)');

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, [contenteditable]');
}
