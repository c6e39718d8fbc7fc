/** A piece of a message: words as they are, or an address to follow. */
export type TextPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'link'; readonly text: string; readonly href: string };

// An address ends at space, quotes, brackets that no address has, and at the stops of CJK writing.
const address = /\bhttps?:\/\/(?!\/)[^\s<>"`{}|\\^\u3000-\u303f\uff00-\uff0f\uff1a-\uff1f]+/giu;
const closing: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** Splits a text at its web addresses (http and https only); joined again it is the same text. */
export function findLinks(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(address)) {
    const found = withoutTrailing(match[0]);
    const href = webAddress(found);
    if (href === null) continue;
    if (match.index > from) parts.push({ type: 'text', text: text.slice(from, match.index) });
    parts.push({ type: 'link', text: found, href });
    from = match.index + found.length;
  }
  if (from < text.length) parts.push({ type: 'text', text: text.slice(from) });
  return parts;
}

/** Without the punctuation of the sentence around it; `(see https://a.example/b_(c))` keeps its own bracket. */
function withoutTrailing(found: string): string {
  let end = found.length;
  while (end > 0) {
    const last = found[end - 1] ?? '';
    const opening = closing[last];
    const inside = found.slice(0, end);
    if (opening !== undefined) {
      if (count(inside, last) <= count(inside, opening)) break;
    } else if (!/[.,;:!?'*_~…»”’]/u.test(last)) break;
    end--;
  }
  return found.slice(0, end);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function webAddress(text: string): string | null {
  return URL.canParse(text) ? new URL(text).href : null;
}
