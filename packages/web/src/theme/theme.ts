import { effect, signal } from '@preact/signals';
import { keep, kept } from '../session/kept.ts';

export type Theme = 'system' | 'light' | 'dark';

export const themes: readonly Theme[] = ['system', 'light', 'dark'];

const key = 'parley.theme';

/** How the page is to look; `system` follows the device. */
export const theme = signal<Theme>(themes.find((name) => name === kept('local', key)) ?? 'system');

/** Puts the theme on the page now and whenever it changes. */
export function showTheme(root: HTMLElement): () => void {
  return effect(() => {
    if (theme.value === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = theme.value;
    keep('local', key, theme.value === 'system' ? null : theme.value);
  });
}
