import { fileURLToPath } from 'node:url';

/** A bug to plant: the gate must find it, or it sees nothing. */
export interface Mutant {
  readonly id: string;
  /** What the bug is, in words. */
  readonly bug: string;
  /** Path from the root of the checkout; may be a library's. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The part of the gate that finds it. */
  readonly part: string;
  /**
   * Stands in the failure that finds it: falling short for another reason does not count. Several
   * where chance decides which of its signs is seen first.
   */
  readonly failure: string | readonly string[];
}

/** Names the planted bug: JSON of `PlantedMutant`. */
export const mutantVariable = 'GATE_MUTANT';

/** What the hook needs to know. */
export type PlantedMutant = Pick<Mutant, 'file' | 'find' | 'replace'> & {
  /** A file that is made when the changed module is loaded. */
  readonly mark: string;
};

/** Arguments for Node that plant the bug named in the environment. */
export const plantArguments: readonly string[] = [
  `--import=${fileURLToPath(new URL('./plant-mutant.ts', import.meta.url))}`,
];

/** What a process that this one starts needs to have the same bug. */
export function passMutantOn(): {
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  const planted = process.env[mutantVariable];
  return planted === undefined
    ? { arguments: [], env: {} }
    : { arguments: plantArguments, env: { [mutantVariable]: planted } };
}
