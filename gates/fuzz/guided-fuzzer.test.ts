import { afterAll, expect, test } from 'vitest';
import { SeededRandom } from '../kit/seeded-random.ts';
import { Coverage } from './coverage.ts';
import { fuzz, type Target } from './guided-fuzzer.ts';

const coverage = new Coverage(/testing\/locked\.ts$/);
afterAll(() => coverage.close());

async function run(seed: number, words: readonly string[] = []) {
  const { open } = await import('./testing/locked.ts');
  const target: Target = { name: 'locked', seeds: ['....'], words, read: (input) => open(input) };
  return fuzz(target, {
    random: new SeededRandom(seed),
    coverage,
    execs: 400_000,
    mostMs: 1_000,
  });
}

test('What lies behind four checks, one inside the other, is found step by step', async () => {
  const { finding, corpus, execs } = await run(1);
  // By chance alone it would take four thousand million tries.
  expect(finding?.why).toContain('opened');
  expect(finding?.input.subarray(0, 4).toString()).toBe('OPEN');
  expect(corpus).toBeGreaterThanOrEqual(3);
  expect(execs).toBeLessThan(400_000);
});
