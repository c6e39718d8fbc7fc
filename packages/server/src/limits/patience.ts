/**
 * How long somebody waits for an answer before we say that there is none now, in milliseconds.
 *
 * Below the 15 s at which clients give up: they hear `unavailable` and when to come back. The table
 * "Patience" of docs/SPEC.md repeats them.
 */
export const patience = {
  /** A request, from its arrival to its answer; what it began may still be done. */
  answerMs: 9_000,
  /** A question for its turn at the database. */
  turnMs: 5_000,
  /** A message for its commit. */
  sendMs: 7_000,
} as const satisfies Readonly<Record<string, number>>;
