/** One look at the database's clock; all in milliseconds. */
export interface ClockSample {
  /** On the monotonic clock of this process. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** What the database said, since 1970. */
  readonly told: number;
}

interface DatabaseClockOptions {
  /** A clock that never jumps, in ms. */
  readonly monotonic?: () => number;
  /** The database's clock was set back by this much, in ms, and `now` with it. */
  readonly onSetBack?: (ms: number) => void;
}

/** Bounds of what to add to the monotonic clock, as one sample proves them. */
interface Proof {
  readonly least: number;
  readonly most: number;
}

/** Samples that are remembered: the quickest of them knows best. */
const kept = 8;
/** A database's clock that was set back by less is waited for; by more, it is followed. */
const patienceMs = 10_000;
/** Real clocks differ by a hundredth of this; one that runs faster is slowed down between samples. */
const odd = 0.01;

/**
 * The database's clock, without asking it each time: what all nodes go by.
 *
 * The wall clock of this machine has no say, whatever it is set to. The answer may be late by the
 * shortest of the last round trips and is never ahead: so what any node dates before it asks the
 * database for something is dated before what the database itself dates then. It does not go back,
 * unless the database's own clock was set back by more than 10 s. While the database is away it goes on
 * by the monotonic clock.
 */
export class DatabaseClock {
  readonly #monotonic: () => number;
  readonly #onSetBack: (ms: number) => void;
  #proofs: Proof[];
  #newest: ClockSample;
  /** How fast the database's clock runs by the monotonic one; 1 unless that is plainly too fast. */
  #rate = 1;
  #offset: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(first: ClockSample, options: DatabaseClockOptions = {}) {
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#onSetBack = options.onSetBack ?? (() => {});
    this.#newest = first;
    this.#proofs = [proofOf(first)];
    this.#offset = proofOf(first).least;
  }

  take(sample: ClockSample): void {
    const proof = proofOf(sample);
    // What the newest contradicts is from before one of the clocks was moved.
    const standing = this.#proofs.filter(
      ({ least, most }) => least <= proof.most && most >= proof.least,
    );
    this.#proofs = [...standing, proof].slice(-kept);
    this.#rate = rateOf(this.#newest, sample);
    this.#newest = sample;
    this.#offset = Math.max(...this.#proofs.map(({ least }) => least));
  }

  /** Milliseconds since 1970, whole ones; to be passed about as a function. */
  readonly now = (): number => {
    const monotonic = this.#monotonic();
    const tooMuch = (monotonic - this.#newest.answeredAt) * (1 - this.#rate);
    const time = Math.floor(monotonic + this.#offset - tooMuch);
    const backBy = this.#last - time;
    if (backBy > 0 && backBy <= patienceMs) return this.#last;
    this.#last = time;
    if (backBy > 0) this.#onSetBack(backBy);
    return time;
  };
}

/** The least that it can be, so that the time is not ahead; what is within the odds is 1. */
function rateOf(before: ClockSample, after: ClockSample): number {
  const told = after.told - before.told;
  const between = after.askedAt - before.answeredAt;
  // Looks at almost the same time tell nothing, and a clock that was set back does not drift.
  if (between < 1 || told <= 0 || told / between >= 1 - odd) return 1;
  return Math.max(0.1, told / (after.answeredAt - before.askedAt));
}

function proofOf({ askedAt, answeredAt, told }: ClockSample): Proof {
  return { least: told - answeredAt, most: told - askedAt };
}
