/** What one node tells of one count, and asks for it. */
export interface Claim {
  /** Which count: the name of a rate, and whose. */
  readonly count: string;
  /** So many in any span of this many milliseconds. */
  readonly allowed: number;
  readonly windowMs: number;
  /** Uses that were let through already; they are counted even above what is allowed. */
  readonly spent: number;
  /** Uses that wait for permission. */
  readonly wanted: number;
}

/** The answer to a claim. */
export interface Verdict {
  /** How many of the wanted ones are let through, and counted. */
  readonly granted: number;
  /** Milliseconds until one more may be; 0 while there is room. */
  readonly waitMs: number;
}

/** Counts over all nodes how often somebody does something. It may forget, for it is not the truth. */
export interface Ledger {
  /**
   * Counts claims, each of another count, and answers them in their order.
   *
   * `null` where nobody could be asked now. Never rejects.
   */
  settle(claims: readonly Claim[]): Promise<readonly (Verdict | null)[]>;
}
