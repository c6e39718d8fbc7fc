const hues = 12;
// Any odd number mixes; with this one the made-up people of the demo differ from each other.
const multiplier = 173;

/** One of 12 hues (degrees), always the same for the same id. */
export function hueOf(id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) {
    hash = Math.imul(hash, multiplier) + id.charCodeAt(i);
  }
  // Similar ids differ in few bits: every bit of the result comes to depend on all of them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) % hues) * (360 / hues) + 15;
}
