import type { AccessEnd } from '../bus/bus.ts';
import type { Session } from '../scope.ts';

/** Whether the news that access ended is about this session. */
export function endsSession(ended: AccessEnd, session: Session): boolean {
  switch (ended.reason) {
    case 'suspended':
      return true;
    // Also of the deactivated: old news must not end the session of one who was put back since.
    case 'deactivated':
    case 'revoked':
      return session.issuedAt < ended.issuedBefore;
    case 'key':
      return session.registration === ended.registration;
  }
}
