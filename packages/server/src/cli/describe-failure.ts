import { failureKind } from '../db/failure.ts';
import { OperatorError } from '../operator-error.ts';
import type { Command } from './command.ts';
import { Ended } from './ending.ts';

/** What an operator can mend is told in words; everything else keeps its stack. */
export function describeFailure(error: unknown, { unfinished }: Command): string {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof Ended) return `${error.message} ${unfinished}`;
  if (!(error instanceof Error)) return String(error);
  // Errors of files have codes that lines have too, and a path.
  if (failureKind(error) === 'unavailable' && !('path' in error)) {
    const hint = 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : '';
    return `PostgreSQL did not go on: ${error.message}.${hint} ${unfinished}`;
  }
  return error.stack ?? error.message;
}
