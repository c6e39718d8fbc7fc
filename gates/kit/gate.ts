import type { Run } from './run.ts';

/** `ci` takes a minute or two on two busy cores; `full` is what one runs by hand or at night. */
export type Size = 'ci' | 'full';

/** A promise as a command: `npm run gate -- <name>`. */
export interface Gate {
  readonly name: string;
  /** What holds when it passes, in one sentence. */
  readonly promise: string;
  /** What `value` and `target` count, such as `% of rows`. */
  readonly unit: string;
  readonly target: number;
  /** Tells failures to `run`; answers the value that stands beside the target. */
  run(run: Run): Promise<number>;
}

/** What the one line on the output says. */
export interface GateResult {
  readonly name: string;
  readonly value: number | null;
  readonly target: number;
  readonly unit: string;
  readonly pass: boolean;
  readonly seed: number;
  readonly size: Size;
  /** The one part that was run; null is the whole gate. */
  readonly only: string | null;
  readonly ms: number;
  readonly figures: Readonly<Record<string, number | string>>;
  /** The first of them. */
  readonly failures: readonly Failure[];
  readonly failed: number;
}

/** Where a gate fell short. */
export interface Failure {
  readonly part: string;
  readonly what: string;
}
