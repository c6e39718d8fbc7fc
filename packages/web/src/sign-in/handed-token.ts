import { keep, kept } from '../session/kept.ts';

const key = 'parley.token';
const pattern = /^#token=([^&]+)$/;

/** The token in an address's fragment, or null. */
export function tokenIn(fragment: string): string | null {
  const [, encoded] = pattern.exec(fragment) ?? [];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/**
 * Takes the token that the host product put behind `#token=`, or the one taken before.
 *
 * It goes out of the address at once, so that no copied link carries it, and stays in this window.
 */
export function takeToken(): string | null {
  const handed = tokenIn(location.hash);
  if (handed !== null) {
    keep('window', key, handed);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return kept('window', key);
}

export function dropToken(): void {
  keep('window', key, null);
}
