import type { Gate, GateResult, Size } from './gate.ts';
import { type GatePostgres, openGatePostgres } from './postgres.ts';
import { Enough, Run } from './run.ts';

export interface RunGateOptions {
  readonly size: Size;
  readonly seed: number;
  readonly only: string | undefined;
  readonly first: boolean;
  /** The template that somebody has made, as JSON; else a PostgreSQL is started when it is needed. */
  readonly postgres: string | undefined;
  readonly say: (text: string) => void;
}

const failuresTold = 20;

/** Runs a gate and sums it up. */
export async function runGate(gate: Gate, options: RunGateOptions): Promise<GateResult> {
  let opened: Promise<GatePostgres> | undefined;
  const run = new Run({
    ...options,
    postgres: () => {
      opened ??= openGatePostgres(options.postgres);
      return opened;
    },
  });
  const began = performance.now();
  let value = Number.NaN;
  try {
    value = await gate.run(run);
    // Parts that were skipped have none; a whole run without one has measured nothing.
    if (options.only === undefined && !Number.isFinite(value))
      run.fail('there is no value to tell');
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  } finally {
    await run.close();
    await (await opened)?.close();
  }
  const { only = null } = options;
  if (only !== null && !run.parts.includes(only) && run.failures.length === 0) {
    throw new Error(`${gate.name} has no part "${only}"; it has ${run.parts.join(', ')}.`);
  }
  return {
    name: gate.name,
    value: Number.isFinite(value) ? Number(value.toPrecision(6)) : null,
    target: gate.target,
    unit: gate.unit,
    pass: run.failures.length === 0,
    seed: options.seed,
    size: options.size,
    only,
    ms: Math.round(performance.now() - began),
    figures: run.figures,
    failures: run.failures.slice(0, failuresTold),
    failed: run.failures.length,
  };
}
