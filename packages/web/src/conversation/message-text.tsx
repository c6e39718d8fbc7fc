import { useMemo } from 'preact/hooks';
import { findLinks } from './find-links.ts';

/** A message's text as nodes, never as HTML; web addresses become links. */
export function MessageText({ text }: { readonly text: string }) {
  const parts = useMemo(() => findLinks(text), [text]);
  return (
    <>
      {parts.map((part) =>
        part.type === 'text' ? (
          part.text
        ) : (
          <a
            class="message-link"
            href={part.href}
            target="_blank"
            rel="noopener noreferrer nofollow"
            dir="ltr"
          >
            {part.text}
          </a>
        ),
      )}
    </>
  );
}
