import './theme/tokens.css';
import './theme/base.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { listenToShortcuts } from './keyboard/shortcuts.ts';
import { followPlace } from './place/place.ts';
import { followAttention } from './session/attention.ts';
import type { Door } from './sign-in/door.ts';
import { tokenIn } from './sign-in/handed-token.ts';
import { createSessionDesk } from './sign-in/session.ts';
import { showTheme } from './theme/theme.ts';
import { followVisibleHeight } from './theme/visible-height.ts';
import { runClock } from './time/clock.ts';

/** Shows the page in the document and starts everything it follows. */
export function showPage(door: Door): void {
  const root = document.getElementById('app');
  if (!root) throw new Error('The document has no #app.');
  const desk = createSessionDesk(door);
  showTheme(document.documentElement);
  followVisibleHeight(document.documentElement);
  // The token goes out of the address before anything reads a place from it.
  const started = desk.start();
  followPlace();
  followAttention();
  runClock();
  listenToShortcuts();
  render(<App desk={desk} />, root);
  void started;
  window.addEventListener('hashchange', () => {
    if (tokenIn(location.hash) !== null) void desk.start();
  });
}
