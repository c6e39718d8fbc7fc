import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { type GateName, gates, isFast } from './all.ts';
import type { GateResult } from './kit/gate.ts';
import { type Mutant, mutantVariable, type PlantedMutant, plantArguments } from './kit/mutant.ts';

const program = join(import.meta.dirname, 'main.ts');
const names = Object.keys(gates) as GateName[];
/** Mutants are told the seed that they were made with, so that chance neither hides nor finds them. */
const seedOfMutants = 1;

test('[GT1] without a name, or with one that is none, the gates are listed', async () => {
  for (const args of [[], ['no-such-gate']]) {
    const { code, output, said } = await command(args);
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
    const { code, output, said, planted } = await withMutant('ws-conf', mutant);
    expect({ code, output, planted }).toEqual({ code: 70, output: '', planted: false });
    expect(said).toContain('Cannot plant the mutant');
  }
});

describe.each(names.filter(isFast))('%s', async (name) => {
  const { mutants } = await gates[name].mutants();

  test(`[GT2] ${name} passes in the size for every day`, async () => {
    const { code, output, said } = await command([name, '--ci']);
    expect(code, said).toBe(0);
    const [line = '', ...more] = output.trimEnd().split('\n');
    expect(more).toEqual([]);
    const result: unknown = JSON.parse(line);
    expect(result).toMatchObject({ name, pass: true, failures: [], only: null });
    for (const key of ['value', 'target', 'seed']) expect(result).toHaveProperty(key);
    process.stdout.write(output);
  });

  test(`[GT3] ${name} has bugs planted, each with a name of its own`, () => {
    expect(mutants.length).toBeGreaterThanOrEqual(3);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  });

  test.each(mutants)(`[GT3] ${name} finds that $bug`, async (mutant) => {
    const { code, output, said, planted } = await withMutant(name, mutant);
    expect(planted, `the changed file was never loaded\n${said}`).toBe(true);
    expect(code, said).toBe(1);
    // The one line of our own program.
    const { pass, failures } = JSON.parse(output) as GateResult;
    expect(pass).toBe(false);
    expect(failures[0]?.part).toBe(mutant.part);
    expect(failures[0]?.what).toContain(mutant.failure);
  });
});

async function withMutant(name: GateName, mutant: Mutant) {
  const folder = await mkdtemp(join(tmpdir(), 'parley-mutant-'));
  const mark = join(folder, 'planted');
  const { file, find, replace, part } = mutant;
  const planted: PlantedMutant = { file, find, replace, mark };
  try {
    const done = await command(
      [name, '--ci', '--first', '--only', part, '--seed', String(seedOfMutants)],
      plantArguments,
      { [mutantVariable]: JSON.stringify(planted) },
    );
    return { ...done, planted: existsSync(mark) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the command as `bin/gate` does, on the PostgreSQL of all tests. */
function command(
  args: readonly string[],
  nodeArguments: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string; said: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...nodeArguments, program, ...args],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        GATE_POSTGRES: JSON.stringify(inject('templateDatabase')),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [output, said] = ['', ''];
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, said }));
  });
}
