import type { Claim, Ledger, Verdict } from '../ledger.ts';

interface Use {
  readonly at: number;
  readonly count: number;
}

/** A ledger in memory, for nodes of one test. `now` is a monotonic clock in milliseconds. */
export class MemoryLedger implements Ledger {
  readonly #now: () => number;
  readonly #uses = new Map<string, readonly Use[]>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  async settle(claims: readonly Claim[]): Promise<readonly Verdict[]> {
    return claims.map((claim) => this.#settle(claim));
  }

  #settle({ count, allowed, windowMs, spent, wanted }: Claim): Verdict {
    const now = this.#now();
    const before = (this.#uses.get(count) ?? []).filter((use) => use.at + windowMs > now);
    const used = sumOf(before) + spent;
    const granted = Math.max(0, Math.min(wanted, allowed - used));
    const uses = [...before, { at: now, count: spent + granted }];
    this.#uses.set(count, uses);
    const excess = used + granted - allowed + 1;
    if (excess <= 0) return { granted, waitMs: 0 };
    let free = 0;
    const last = uses.find((use) => {
      free += use.count;
      return free >= excess;
    });
    return { granted, waitMs: Math.max(1, Math.ceil((last?.at ?? now) + windowMs - now)) };
  }
}

function sumOf(uses: readonly Use[]): number {
  return uses.reduce((sum, use) => sum + use.count, 0);
}
