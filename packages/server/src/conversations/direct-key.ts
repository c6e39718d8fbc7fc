/**
 * The identity of a pair: a JSON array of both user ids in code point order.
 *
 * A joined string would not do: with ids that hold the separator, two pairs could share a chat.
 */
export function directKey(one: string, other: string): string {
  return JSON.stringify([one, other].sort(byCodePoint));
}

// JavaScript compares UTF-16 units, which sorts astral characters before U+E000 to U+FFFF.
function byCodePoint(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
