import { setImmediate, setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { Claim, Ledger, Verdict } from './ledger.ts';
import { Limits } from './limits.ts';
import { rates } from './rates.ts';
import { MemoryLedger } from './testing/memory-ledger.ts';

/** A ledger that says how often it was asked, and may be away or slow. */
class WatchedLedger implements Ledger {
  questions = 0;
  claims = 0;
  state: 'there' | 'away' | 'mute' = 'there';
  readonly #ledger: MemoryLedger;

  constructor(now: () => number) {
    this.#ledger = new MemoryLedger(now);
  }

  async settle(claims: readonly Claim[]): Promise<readonly (Verdict | null)[]> {
    this.questions++;
    this.claims += claims.length;
    if (this.state === 'mute') {
      await setTimeout(400);
      return claims.map(() => null);
    }
    if (this.state === 'away') return claims.map(() => null);
    await setImmediate();
    return this.#ledger.settle(claims);
  }
}

function nodesOf(count: number, scale = 1) {
  const clock = { now: 1_000 };
  const ledger = new WatchedLedger(() => clock.now);
  const nodes = Array.from({ length: count }, () => {
    const limits = new Limits({ scale, ledger, now: () => clock.now });
    onTestFinished(() => limits.close());
    return limits;
  });
  return { clock, ledger, nodes };
}

const { allowed } = rates.personSends;

/** Each node tries this often, a few at a time; answers how many were let through in all. */
async function flood(nodes: readonly Limits[], tries: number, key = 'a'): Promise<number> {
  let through = 0;
  for (let n = 0; n < tries; n += 10) {
    const waits = await Promise.all(
      nodes.flatMap((node) =>
        Array.from({ length: 10 }, async () => node.take('personSends', key)),
      ),
    );
    through += waits.filter((waitMs) => waitMs === 0).length;
  }
  return through;
}

it('[LI42] three nodes let through what one may, within 2 %', async () => {
  const { nodes, clock } = nodesOf(3);
  for (let window = 0; window < 3; window++) {
    const through = await flood(nodes, allowed * 2);
    expect(through).toBeGreaterThanOrEqual(allowed * 0.98);
    expect(through).toBeLessThanOrEqual(allowed * 1.02);
    clock.now += 10_000;
  }
});

it('[LI42] small limits are exact', async () => {
  const { nodes } = nodesOf(3, 0.01);
  expect(await flood(nodes, 100)).toBe(20);
  const { nodes: unequal } = nodesOf(3, 0.01);
  expect(await flood(unequal.slice(0, 1), 10)).toBe(10);
  expect(await flood(unequal.slice(1), 50)).toBe(10);
});

it('[LI42] who does little is not asked for, who does much rarely, and a flood not at all', async () => {
  const { nodes, ledger } = nodesOf(1);
  const [node] = nodes;
  for (let person = 0; person < 100; person++) {
    for (let n = 0; n < 4; n++) expect(node?.take('personSends', `${person}`)).toBe(0);
  }
  await setTimeout(20);
  expect(ledger.claims).toBe(0);
  for (let n = 0; n < 1_000; n++) {
    expect(await node?.take('tenantSends', 'acme')).toBe(0);
  }
  expect(ledger.claims).toBeLessThanOrEqual(30);
  await flood(nodes, allowed, 'busy');
  const asked = ledger.claims;
  await flood(nodes, 1_000, 'busy');
  expect(ledger.claims).toBe(asked);
});

it('[LI42] waits that are told are kept by all nodes, and end', async () => {
  const { nodes, clock } = nodesOf(2, 0.01);
  await flood(nodes, 40);
  const waitMs = Number(await nodes[1]?.take('personSends', 'a'));
  expect(waitMs).toBeGreaterThan(0);
  clock.now += waitMs;
  expect(await nodes[0]?.take('personSends', 'a')).toBe(0);
});

it.each(['away', 'mute'] as const)(
  '[LI43] while the ledger is %s each node keeps to the limits alone, and nobody waits long',
  async (state) => {
    const { nodes, ledger, clock } = nodesOf(3, 0.1);
    expect(await flood(nodes, 20)).toBe(60);
    ledger.state = state;
    const began = performance.now();
    const first = await flood(nodes, 600);
    expect(performance.now() - began).toBeLessThan(3_000);
    // A little at once, and then as much as in the long run.
    expect(first).toBeGreaterThanOrEqual(3);
    expect(first).toBeLessThanOrEqual(3 * 11);
    const questions = ledger.questions;
    clock.now += 500;
    const second = await flood(nodes, 600);
    expect(second).toBeGreaterThanOrEqual(3 * 9);
    expect(second).toBeLessThanOrEqual(3 * 11);
    expect(ledger.questions - questions).toBeLessThanOrEqual(3);
    clock.now += 10_000;
    expect(await flood(nodes, 600)).toBe(3 * 200);
    ledger.state = 'there';
    await setTimeout(400);
    clock.now += 11_000;
    expect(Math.abs((await flood(nodes, 600)) - 200)).toBeLessThanOrEqual(4);
  },
);

it('[LI43] what was let through in a moment of silence counts, so the limit holds all the same', async () => {
  const { nodes, ledger, clock } = nodesOf(3);
  const before = await flood(nodes, 100);
  ledger.state = 'mute';
  const meanwhile = await flood(nodes, 50);
  expect(meanwhile).toBeGreaterThan(0);
  ledger.state = 'there';
  await setTimeout(500);
  clock.now += 1_001;
  const after = await flood(nodes, allowed * 2);
  expect(before + meanwhile + after).toBeGreaterThanOrEqual(allowed * 0.98);
  expect(before + meanwhile + after).toBeLessThanOrEqual(allowed * 1.02);
});

it('[LI43] a key that is asked for by very many at once is refused rather than kept waiting', async () => {
  const { nodes, ledger } = nodesOf(1, 0.01);
  ledger.state = 'mute';
  const waits = Array.from({ length: 1_000 }, () => nodes[0]?.take('personSends', 'a'));
  expect(waits.filter((one) => typeof one !== 'number')).toHaveLength(20);
  expect(await Promise.all(waits.map(async (one) => one))).toContain(0);
});
