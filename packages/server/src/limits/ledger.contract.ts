import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim, Ledger } from './ledger.ts';

interface OpenLedger {
  /** What two nodes hold of one ledger. */
  readonly nodes: readonly [Ledger, Ledger];
  close(): Promise<void>;
}

/** What every ledger must do. */
export function ledgerContract(name: string, open: () => Promise<OpenLedger>): void {
  const claim = (count: string, more: Partial<Claim> = {}): Claim => ({
    count,
    allowed: 10,
    windowMs: 60_000,
    spent: 0,
    wanted: 0,
    ...more,
  });

  describe(`ledger: ${name}`, () => {
    let opened: OpenLedger;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());
    const settle = async (node: 0 | 1, ...claims: Claim[]) => opened.nodes[node].settle(claims);

    it('[LI40] grants what is allowed, whichever node asks', async () => {
      expect(await settle(0, claim('a', { wanted: 7 }))).toEqual([{ granted: 7, waitMs: 0 }]);
      const [second] = await settle(1, claim('a', { wanted: 7 }));
      expect(second?.granted).toBe(3);
      expect(second?.waitMs).toBeGreaterThan(50_000);
      expect((await settle(0, claim('a', { wanted: 1 })))[0]?.granted).toBe(0);
    });

    it('[LI40] never grants more together, however many ask at once', async () => {
      const asked = Array.from({ length: 40 }, (_, n) =>
        settle(n % 2 === 0 ? 0 : 1, claim('b', { wanted: 3, allowed: 50 })),
      );
      const granted = (await Promise.all(asked)).map(([verdict]) => verdict?.granted ?? 0);
      expect(granted.reduce((sum, one) => sum + one, 0)).toBe(50);
    });

    it('[LI40] what was spent already counts, also above what is allowed', async () => {
      expect(await settle(0, claim('c', { spent: 8 }))).toEqual([{ granted: 0, waitMs: 0 }]);
      const [told] = await settle(1, claim('c', { spent: 4, wanted: 1 }));
      expect(told?.granted).toBe(0);
      expect(told?.waitMs).toBeGreaterThan(0);
    });

    it('[LI40] who waits as long as told is let through, and no more than leave the window', async () => {
      const short = { windowMs: 400, allowed: 5 };
      const [first] = await settle(0, claim('d', { ...short, wanted: 3 }));
      expect(first?.granted).toBe(3);
      await setTimeout(200);
      const [full] = await settle(1, claim('d', { ...short, wanted: 3 }));
      expect(full?.granted).toBe(2);
      expect(full?.waitMs).toBeLessThan(300);
      await setTimeout(full?.waitMs);
      const [again] = await settle(0, claim('d', { ...short, wanted: 5 }));
      expect(again?.granted).toBe(3);
    });

    it('[LI40] keeps counts apart, whatever their names hold, and answers in order', async () => {
      const names = ['e', 'e:', 'e:{0}', '{}e', 'E', 'é', 'rate:e f', ''];
      const asked = names.map((count, n) => claim(count, { wanted: n + 1 }));
      const verdicts = await settle(0, ...asked);
      expect(verdicts.map((one) => one?.granted)).toEqual(names.map((_, n) => n + 1));
      expect(await settle(1)).toEqual([]);
    });
  });
}
