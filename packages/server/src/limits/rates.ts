/** A limit on how often: this many in any span of this length. */
export interface Rate {
  readonly allowed: number;
  readonly windowMs: number;
  /** Rather waits a second for other nodes than to count alone: for what nobody needs soon. */
  readonly isPatient?: boolean;
}

/**
 * Every limit on how often somebody does something, in one place; `PARLEY_RATE_SCALE` multiplies them.
 *
 * Far above what people and their clients do, and an outbox that empties itself: they are for loops,
 * floods and guessing. The table "Rates" of docs/SPEC.md repeats them.
 */
export const rates = {
  /** Frames of one connection. */
  connectionFrames: { allowed: 2_000, windowMs: 10_000 },
  /** Frames and HTTP requests of one person, over all connections. */
  personRequests: { allowed: 4_000, windowMs: 10_000 },
  /** Messages that one person sends, by whichever door. */
  personSends: { allowed: 2_000, windowMs: 10_000 },
  /** Messages that the people of one tenant send. */
  tenantSends: { allowed: 20_000, windowMs: 10_000 },
  /** HTTP requests with one API key. */
  keyRequests: { allowed: 10_000, windowMs: 10_000 },
  /** HTTP requests from one address, before anybody has looked at who it is. */
  addressRequests: { allowed: 20_000, windowMs: 10_000 },
  /** WebSockets asked for from one address. */
  addressSockets: { allowed: 5_000, windowMs: 10_000 },
  /** Keys and tokens from one address that were no good. */
  addressFailures: { allowed: 30, windowMs: 60_000, isPatient: true },
  /** Sign-ins to the demo from one address. */
  addressSignIns: { allowed: 120, windowMs: 60_000 },
} as const satisfies Readonly<Record<string, Rate>>;

export type RateName = keyof typeof rates;

export const rateNames = Object.keys(rates) as readonly RateName[];
