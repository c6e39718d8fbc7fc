const hues = 12;

/** One of 12 hues (degrees), always the same for the same id. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  }
  // The low bits of similar ids are alike: mix the high ones in.
  hash ^= hash >>> 15;
  return ((hash >>> 0) % hues) * (360 / hues) + 15;
}
