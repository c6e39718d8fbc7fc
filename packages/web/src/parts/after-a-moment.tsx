import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const momentMs = 200;

/** Shows its content only when the wait is long enough to be noticed. */
export function AfterAMoment({ children }: { readonly children: ComponentChildren }) {
  const [due, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), momentMs);
    return () => clearTimeout(timer);
  }, []);
  return due ? children : null;
}
