/** `window`: gone with this window. `local`: stays on this device; only for what is no secret. */
type Where = 'window' | 'local';

// Storage can be denied or full (private windows, embedded pages): then memory has to do.
const memory = new Map<string, string>();

function storage(where: Where): Storage | null {
  try {
    return where === 'window' ? window.sessionStorage : window.localStorage;
  } catch {
    return null;
  }
}

/** What was kept under this name, or null. */
export function kept(where: Where, key: string): string | null {
  return storage(where)?.getItem(key) ?? memory.get(key) ?? null;
}

/** Keeps a text under this name; null forgets it. */
export function keep(where: Where, key: string, value: string | null): void {
  memory.delete(key);
  try {
    const store = storage(where);
    if (value === null) store?.removeItem(key);
    else if (store) store.setItem(key, value);
    else memory.set(key, value);
  } catch {
    if (value !== null) memory.set(key, value);
  }
}

/** Forgets everything this window kept: nothing of a person stays after signing out. */
export function forgetWindow(): void {
  memory.clear();
  const store = storage('window');
  if (!store) return;
  for (const key of Object.keys(store)) if (key.startsWith('parley.')) store.removeItem(key);
}
