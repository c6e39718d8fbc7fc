/**
 * Numbers that the contract promises, written down once more.
 *
 * A gate that took them from the code it tests would move its target together with the code.
 */
export const contract = {
  /** Bytes of a frame or body towards the server. */
  frameBytes: 65_536,
  /** Milliseconds until hello, and what a connection before it may cost in memory. */
  helloMs: 5_000,
  newcomerKiB: 16,
  /** Memory for a thousand who do not read and a thousand who are gone; milliseconds until they are. */
  notReadingMiB: 64,
  deadMs: 45_000,
} as const;
