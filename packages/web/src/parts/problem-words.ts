import { ParleyError } from '@parley/protocol';
import { words } from '../words.ts';

/** What went wrong, in words that a person can act on; `refused` says why this may not be done. */
export function problemWords(error: unknown, refused?: string): string {
  const code = error instanceof ParleyError ? error.code : undefined;
  return code === 'not_allowed' && refused !== undefined ? refused : words.problem(code);
}
