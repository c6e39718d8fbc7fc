import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { type GateName, gates } from './all.ts';
import { runGateProcess } from './kit/gate-process.ts';
import type { Mutant } from './kit/mutant.ts';
import { runMutant } from './kit/run-mutant.ts';

const root = join(import.meta.dirname, '..');
const names = Object.keys(gates) as GateName[];

test('[GT1] without a name, or with one that is none, the gates are listed', async () => {
  for (const args of [[], ['no-such-gate']]) {
    const { code, output, said } = await runGateProcess(args, { env: {}, timeoutMs: 60_000 });
    expect(code).not.toBe(0);
    expect(output).toBe('');
    for (const name of names) expect(said).toContain(name);
  }
});

test('[GT5] a planted bug that no longer fits its file is an error', async () => {
  const stale: Mutant = {
    id: 'stale',
    bug: 'nothing',
    file: 'packages/server/src/server.ts',
    find: 'this text is not there',
    replace: '',
    part: 'messages',
    failure: '',
  };
  const twice = { ...stale, find: 'import ' };
  for (const mutant of [stale, twice]) {
    const { code, result, said, planted } = await runMutant('ws-conf', mutant, postgres());
    expect({ code, result, planted }).toEqual({ code: 70, result: undefined, planted: false });
    expect(said).toContain('Cannot plant the mutant');
  }
});

test.each(names)('[GT3] %s has bugs planted, each with a name, where it says', async (name) => {
  const { mutants } = await gates[name].mutants();
  expect(mutants.length).toBeGreaterThanOrEqual(3);
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  for (const { file, find } of mutants) {
    const text = await readFile(join(root, file), 'utf8');
    expect(text.split(find).length - 1, `${file}: ${find}`).toBe(1);
  }
});

/** The PostgreSQL of all tests. */
function postgres(): string {
  return JSON.stringify(inject('templateDatabase'));
}
