import { ParleyError } from '@parley/protocol';
import { AccessEnded } from '../access/access-ended.ts';

/**
 * Whether a refused key or token may have been guessed.
 *
 * One that was signed by the tenant and has expired, or was taken back, was not: whole offices wake
 * up with such tokens, behind one address.
 */
export function isGuess(error: unknown): boolean {
  if (!(error instanceof ParleyError) || error.code !== 'unauthorized') return false;
  if (error instanceof AccessEnded) return false;
  return !(error.cause instanceof Error && error.cause.message === 'ERR_JWT_EXPIRED');
}
