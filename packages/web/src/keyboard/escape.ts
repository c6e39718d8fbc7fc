import { useLayoutEffect, useRef } from 'preact/hooks';

type Close = () => void;

/** What is open on the page, the topmost last. */
const open: { readonly close: () => void }[] = [];

/** While active, Escape closes this, unless something was opened on top of it. */
export function useEscape(active: boolean, close: Close): void {
  const latest = useRef(close);
  latest.current = close;
  useLayoutEffect(() => {
    if (!active) return;
    const entry = { close: () => latest.current() };
    open.push(entry);
    return () => {
      open.splice(open.indexOf(entry), 1);
    };
  }, [active]);
}

/** Closes the topmost; tells whether there was one. */
export function closeTopmost(): boolean {
  const top = open.at(-1);
  top?.close();
  return top !== undefined;
}
