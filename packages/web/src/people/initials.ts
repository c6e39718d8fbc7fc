const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
// Scripts whose letters stand apart; elsewhere two letters would join or already be a whole name.
const lettersStandApart = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]/u;

function firstLetter(word: string): string {
  const [first] = segmenter.segment(word);
  return first?.segment ?? '';
}

/** One or two characters that stand for a name. */
export function initials(name: string): string {
  const found = name.split(/[\s_.·-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const parts = found.map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ''));
  const first = firstLetter(parts[0] ?? '');
  const last = parts.length > 1 ? firstLetter(parts.at(-1) ?? '') : '';
  if (!first) return firstLetter(name.trim());
  if (!lettersStandApart.test(first) || !lettersStandApart.test(last)) return first.toUpperCase();
  return (first + last).toUpperCase();
}
