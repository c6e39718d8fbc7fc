import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { everyDay, type GateName, gates } from './all.ts';
import type { Mutant } from './kit/mutant.ts';
import { runMutant, whyNotFound } from './kit/run-mutant.ts';

const program = join(import.meta.dirname, 'main.ts');
const root = join(import.meta.dirname, '..');
const names = Object.keys(gates) as GateName[];

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

describe.each(names.filter((name) => everyDay(name) !== 'never'))('%s', async (name) => {
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

  if (everyDay(name) === 'alone') return;
  const { mutants } = await gates[name].mutants();
  test.each(mutants)(`[GT3] ${name} finds that $bug`, async (mutant) => {
    const run = await runMutant(name, mutant, postgres());
    expect(whyNotFound(mutant, run), run.said).toBeUndefined();
  });
});

/** The PostgreSQL of all tests. */
function postgres(): string {
  return JSON.stringify(inject('templateDatabase'));
}

/** Runs the command as `bin/gate` does, on the PostgreSQL of all tests. */
function command(
  args: readonly string[],
): Promise<{ code: number | null; output: string; said: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...args],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        REDIS_SERVER: process.env['REDIS_SERVER'],
        NGINX: process.env['NGINX'],
        GATE_POSTGRES: postgres(),
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
