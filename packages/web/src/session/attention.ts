import { signal } from '@preact/signals';

function looking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

/** Whether the person looks at this window: it is visible and has the focus. */
export const attention = signal(looking());

/** Follows the window until the returned function is called. */
export function followAttention(): () => void {
  const update = () => {
    attention.value = looking();
  };
  update();
  const events = ['focus', 'blur', 'pageshow', 'pagehide'] as const;
  for (const name of events) window.addEventListener(name, update);
  document.addEventListener('visibilitychange', update);
  return () => {
    for (const name of events) window.removeEventListener(name, update);
    document.removeEventListener('visibilitychange', update);
  };
}
