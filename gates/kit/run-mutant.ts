import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GateResult } from './gate.ts';
import { runGateProcess } from './gate-process.ts';
import { type Mutant, mutantVariable, type PlantedMutant, plantArguments } from './mutant.ts';

/** Mutants are told the seed that they were made with, so that chance neither hides nor finds them. */
const seedOfMutants = 1;

/** A bug may make a gate wait for ever. */
const longestMs = 240_000;

/** What became of a gate that was run with a planted bug. */
export interface MutantRun {
  /** Whether the changed file was ever loaded. */
  readonly planted: boolean;
  readonly code: number | null;
  /** Its one line; undefined when it did not come so far. */
  readonly result: GateResult | undefined;
  /** What it said for people. */
  readonly said: string;
}

/** Runs the part of a gate that should find this bug. `postgres` is the template's address as JSON. */
export async function runMutant(
  gate: string,
  { file, find, replace, part }: Mutant,
  postgres?: string,
): Promise<MutantRun> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-mutant-'));
  const mark = join(folder, 'planted');
  const planted: PlantedMutant = { file, find, replace, mark };
  try {
    const { code, output, said } = await runGateProcess(
      [gate, '--ci', '--first', '--only', part, '--seed', String(seedOfMutants)],
      {
        env: {
          [mutantVariable]: JSON.stringify(planted),
          ...(postgres === undefined ? {} : { GATE_POSTGRES: postgres }),
        },
        flags: plantArguments,
        timeoutMs: longestMs,
      },
    );
    // The one line of our own program.
    const result = output === '' ? undefined : (JSON.parse(output) as GateResult);
    return { planted: existsSync(mark), code, result, said };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why a run does not count as having found the bug; undefined when it has. */
export function whyNotFound(mutant: Mutant, run: MutantRun): string | undefined {
  if (!run.planted) return 'the changed file was never loaded';
  if (run.code !== 1 || run.result?.pass !== false) return `the gate ended with ${run.code}`;
  const [failure] = run.result.failures;
  if (failure?.part !== mutant.part) return `found in ${failure?.part}, not in ${mutant.part}`;
  const signs = [mutant.failure].flat();
  if (signs.some((sign) => failure.what.includes(sign))) return undefined;
  return `found for another reason: ${failure.what.slice(0, 300)}`;
}
