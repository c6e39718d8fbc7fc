import type { ParseArgsConfig } from 'node:util';
import type { Progress } from '../backup/progress.ts';
import type { Config } from '../config/config.ts';

/** One thing that `parley` does. */
export interface Command {
  /** What stands after `parley <name>`. */
  readonly usage: string;
  /** In the list of commands. */
  readonly summary: string;
  /** What `--help` says below the usage. */
  readonly help: string;
  /** What to know and to do when it was ended, or PostgreSQL went away, in the middle. */
  readonly unfinished: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** How many words it takes beside options. */
  readonly words: number;
  run(call: Call): Promise<void>;
}

/** How a command was called. */
export interface Call {
  readonly words: readonly string[];
  /** By name; flags are true. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** The folder that paths are relative to. */
  readonly folder: string;
  readonly config: Config;
  /** A line for people. */
  readonly say: (text: string) => void;
  readonly progress: Progress;
  /** Aborted when the command is to end before it is done. */
  readonly signal: AbortSignal;
  /** The version of this program. */
  readonly version: string;
}

/** It was called in a way that makes no sense: the message says how, the usage follows. */
export class UsageError extends Error {}
