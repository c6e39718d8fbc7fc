import type { Claim, Ledger, Verdict } from './ledger.ts';
import type { Rate } from './rates.ts';
import type { Asker, SharedWindow } from './shared-window.ts';

interface SharedCountsOptions {
  readonly ledger: Ledger;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Of what is allowed, the part that a node lets through before it tells: so many too many at most.
 *
 * Three nodes stay within 2 %. Who does little costs no question at all, and who does much one for
 * many; of small limits the part is nothing, and every use is asked for.
 */
const untoldShare = 0.005;
/** Reports nobody waits for are gathered this long. */
const reportMs = 5;
/** Nobody waits longer for the ledger. */
const patienceMs = 100;
/** A ledger that did not answer is left alone for so long. */
const aloneMs = 1_000;
/** Of what is allowed, the part that a node lets through at once when the ledger falls silent. */
const atOnceAlone = 0.01;
/** Where more ask at once than a window allows, the last ones come back after such a part of it. */
const crowded = 50;

/**
 * Counts one key's uses together with other nodes.
 *
 * What this node lets through is counted here in any case: it never exceeds a limit alone, and while
 * the ledger is away each node keeps to the limits by itself. A refusal holds until the time that the
 * ledger named, so a flood is refused without a question.
 */
export class SharedCounts {
  readonly #ledger: Ledger;
  readonly #now: () => number;
  readonly #due = new Set<SharedWindow>();
  #report: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor({ ledger, now }: SharedCountsOptions) {
    this.#ledger = ledger;
    this.#now = now;
  }

  /** Counts one use; answers 0 or the milliseconds to wait, at once or when others were asked. */
  take(window: SharedWindow, rate: Rate): number | Promise<number> {
    const now = this.#now();
    window.rate = rate;
    if (now < window.fullUntil) return Math.ceil(window.fullUntil - now);
    if (now < window.aloneUntil) return this.#takeAlone(window, now);
    const untold = untoldOf(rate);
    if (window.unreported + window.reporting < untold) {
      const waitMs = window.take(rate, now);
      if (waitMs > 0) return waitMs;
      window.unreported++;
      if (isWorthTelling(window)) this.#tellSoon(window);
      return 0;
    }
    const waitMs = window.waitFor(rate, now);
    if (waitMs > 0) return waitMs;
    if (window.askers.length >= rate.allowed) return Math.ceil(rate.windowMs / crowded);
    return new Promise((resolve) => {
      window.askers.push(resolve);
      this.#askNow(window);
    });
  }

  close(): void {
    clearTimeout(this.#report);
  }

  #tellSoon(window: SharedWindow): void {
    this.#due.add(window);
    if (this.#report !== undefined || this.#isAsking) return;
    this.#report = setTimeout(() => {
      this.#report = undefined;
      this.#settle();
    }, reportMs);
    this.#report.unref();
  }

  #askNow(window: SharedWindow): void {
    this.#due.add(window);
    if (this.#isAsking) return;
    this.#isAsking = true;
    setImmediate(() => {
      this.#isAsking = false;
      this.#settle();
    });
  }

  #settle(): void {
    const questions: Question[] = [...this.#due]
      .filter((window) => !window.isAsking)
      .map((window) => this.#questionOf(window));
    this.#due.clear();
    if (questions.length === 0) return;
    const late = setTimeout(() => {
      // An answer that is here, and was not read because this node itself was busy, is not late.
      setImmediate(() => {
        for (const question of questions) {
          if (question.window.rate.isPatient !== true) this.#goOnAlone(question);
        }
      });
    }, patienceMs);
    const claims = questions.map((one) => one.claim);
    void this.#ledger.settle(claims).then((verdicts) => {
      clearTimeout(late);
      for (const [n, question] of questions.entries()) {
        this.#conclude(question, verdicts[n] ?? null);
      }
    });
  }

  #questionOf(window: SharedWindow): Question {
    const { name, rate, askers } = window;
    // What has left the window is nobody's business any more.
    const spent = Math.min(window.unreported, window.countAt(rate, this.#now()));
    window.isAsking = true;
    window.reporting = spent;
    window.unreported = 0;
    window.askers = [];
    const { allowed, windowMs } = rate;
    const claim: Claim = { count: name, allowed, windowMs, spent, wanted: askers.length };
    return { window, claim, askers, passed: 0, isAnswered: false };
  }

  /** The answer is late: those who wait for it go on by what this node knows. */
  #goOnAlone(question: Question): void {
    const { window } = question;
    if (question.isAnswered) return;
    const now = this.#now();
    window.aloneSince ??= now;
    window.aloneUntil = Number.POSITIVE_INFINITY;
    for (const tell of question.askers) {
      const waitMs = this.#takeAlone(window, now);
      if (waitMs === 0) question.passed++;
      tell(waitMs);
    }
    question.askers = [];
    for (const tell of window.askers) tell(this.#takeAlone(window, now));
    window.askers = [];
  }

  #conclude(question: Question, verdict: Verdict | null): void {
    const { window, claim } = question;
    const now = this.#now();
    window.isAsking = false;
    window.reporting = 0;
    if (verdict === null) {
      this.#goOnAlone(question);
      question.isAnswered = true;
      window.unreported += claim.spent;
      window.aloneUntil = now + aloneMs;
      return;
    }
    question.isAnswered = true;
    window.aloneSince = undefined;
    window.aloneUntil = 0;
    const { granted, waitMs } = verdict;
    // Of those who went on alone the ledger has counted these now.
    window.unreported -= Math.min(granted, question.passed);
    for (const tell of question.askers.slice(0, granted)) tell(window.take(claim, now));
    for (const tell of question.askers.slice(granted)) tell(waitMs);
    if (waitMs > 0) {
      window.fullUntil = now + waitMs;
      // Those who came meanwhile hear the same.
      for (const tell of window.askers) tell(waitMs);
      window.askers = [];
    }
    if (window.askers.length > 0) this.#askNow(window);
    else if (isWorthTelling(window)) this.#tellSoon(window);
  }

  /**
   * Counts a use without the others: at first as fast as the limit allows in the long run, with a
   * little at once; so a moment of silence does not give everything away on each node.
   */
  #takeAlone(window: SharedWindow, now: number): number {
    const { rate } = window;
    const silentMs = now - (window.aloneSince ?? now);
    const most =
      Math.max(1, rate.allowed * atOnceAlone) + (rate.allowed * silentMs) / rate.windowMs;
    if (window.unreported + window.reporting >= most) {
      return Math.max(1, Math.ceil(rate.windowMs / rate.allowed));
    }
    const waitMs = window.take(rate, now);
    if (waitMs === 0) window.unreported++;
    return waitMs;
  }
}

/** What the ledger is asked, and who waits for it. */
interface Question {
  readonly window: SharedWindow;
  readonly claim: Claim;
  askers: readonly Asker[];
  /** Askers that went on alone. */
  passed: number;
  isAnswered: boolean;
}

function untoldOf({ allowed }: Rate): number {
  return Math.floor(allowed * untoldShare);
}

function isWorthTelling({ unreported, rate }: SharedWindow): boolean {
  return unreported > 0 && unreported * 2 >= untoldOf(rate);
}
