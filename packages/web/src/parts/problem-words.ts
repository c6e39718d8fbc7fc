import { ParleyError } from '@parley/protocol';
import { words } from '../words.ts';

/** What went wrong, in words that a person can act on. */
export function problemWords(error: unknown): string {
  return words.problem(error instanceof ParleyError ? error.code : undefined);
}
