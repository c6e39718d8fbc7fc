/** A text for comparing: without case and without accents. */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Whether every word of the search begins or stands somewhere in one of these names. */
export function matches(search: string, names: readonly string[]): boolean {
  const all = plain(names.join(' '));
  return plain(search)
    .split(/\s+/u)
    .every((word) => all.includes(word));
}
