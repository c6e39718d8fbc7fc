import type { Session } from '../scope.ts';

/**
 * The session that a verified token opens at `now`, in milliseconds.
 *
 * The clock of the host that signed may be ahead of ours: a token is never newer than the moment it
 * is shown, so that it dies with the others when access is taken back.
 */
export function sessionOf(token: Session, now: number): Session {
  const { kid, registration, issuedAt } = token;
  return { kid, registration, issuedAt: Math.min(issuedAt, now) };
}
