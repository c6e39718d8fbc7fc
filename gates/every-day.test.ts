import { describe, expect, inject, test } from 'vitest';
import { everyDay, type GateName, gates, judgesByCounts } from './all.ts';
import { runGateProcess } from './kit/gate-process.ts';
import { runMutant, whyNotFound } from './kit/run-mutant.ts';

const names = (Object.keys(gates) as GateName[]).filter((name) => everyDay(name) !== 'never');

/** Sooner than the test would give up, which would leave the gate's servers running. */
const longestMs = 380_000;

describe.concurrent.each(names.filter(judgesByCounts))('%s', prove);
describe.each(names.filter((name) => !judgesByCounts(name)))('%s', prove);

async function prove(name: GateName): Promise<void> {
  test(`[GT2] ${name} passes in the size for every day`, async () => {
    const { code, output, said } = await runGateProcess([name, '--ci'], {
      env: { GATE_POSTGRES: postgres() },
      timeoutMs: longestMs,
    });
    expect(code, said).toBe(0);
    const [line = '', ...more] = output.trimEnd().split('\n');
    expect(more).toEqual([]);
    const result: unknown = JSON.parse(line);
    expect(result).toMatchObject({ name, pass: true, failures: [], only: null });
    for (const key of ['value', 'target', 'seed']) expect(result).toHaveProperty(key);
    process.stdout.write(output);
  });

  if (everyDay(name) === 'alone') return;
  const { mutants } = await gates[name].mutants();
  test.each(mutants)(`[GT3] ${name} finds that $bug`, async (mutant) => {
    const run = await runMutant(name, mutant, postgres());
    expect(whyNotFound(mutant, run), run.said).toBeUndefined();
  });
}

/** The PostgreSQL of all tests. */
function postgres(): string {
  return JSON.stringify(inject('templateDatabase'));
}
