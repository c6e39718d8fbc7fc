import { type CloseReason, ParleyError } from '@parley/protocol';
import type { AccessEnd } from '../bus/bus.ts';

/** Why a session no longer stands. */
export type AccessFault = AccessEnd['reason'];

/**
 * A session that no longer stands is refused.
 *
 * On the wire `unauthorized`, with the text of any bad token: only the close code tells whether
 * coming back with another one is of use.
 */
export class AccessEnded extends ParleyError {
  readonly fault: AccessFault;

  constructor(fault: AccessFault) {
    super('unauthorized', { cause: new Error(fault) });
    this.fault = fault;
  }
}

/** How a socket is closed whose session ended: who may come back with another token is told so. */
export function closeReasonOf(fault: AccessFault): CloseReason {
  switch (fault) {
    case 'deactivated':
    case 'suspended':
      return 'accessEnded';
    case 'revoked':
    case 'key':
      return 'unauthorized';
  }
}
