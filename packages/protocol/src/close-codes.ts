/**
 * Why a socket is closed. The number says what to do: 4000-4499 come back, 4500-4999 do not.
 *
 * 1009 (frame too large) and 1012 (restart, after a `drain` event) keep their standard meaning.
 */
export const closeCodes = {
  /** Token missing, invalid or expired: get a new one, come back. */
  unauthorized: { code: 4001, reason: 'token missing, invalid or expired' },
  /** No hello within the time limit. */
  helloTimeout: { code: 4002, reason: 'no hello in time' },
  /** The connection reads too slowly: come back and sync. */
  slowConsumer: { code: 4008, reason: 'reading too slowly' },
  /** Nothing was heard for two heartbeats. */
  heartbeatLost: { code: 4010, reason: 'heartbeat lost' },
  /** The database was restored to another point: come back, and take what `sync` says. */
  historyChanged: { code: 4012, reason: 'the history has changed' },
  /** The installation takes no more connections now. */
  overloaded: { code: 4013, reason: 'too many connections, come back later' },
  /** The person has too many connections: close some, come back later. */
  tooManyConnections: { code: 4014, reason: 'too many connections of this person' },
  /** The connection went on although it was told to slow down. */
  flooding: { code: 4029, reason: 'too many frames' },
  /** Binary frames, or again and again frames that are no JSON: a client that cannot work. */
  protocolError: { code: 4500, reason: 'not the protocol' },
  /** The person was deactivated, or the tenant suspended: coming back is no use. */
  accessEnded: { code: 4501, reason: 'access has ended' },
  /** The page's origin is not one of the tenant's. */
  originRefused: { code: 4503, reason: 'origin refused' },
  frameTooLarge: { code: 1009, reason: 'frame too large' },
  drain: { code: 1012, reason: 'restarting' },
} as const;

export type CloseReason = keyof typeof closeCodes;

/** Whether a client comes back by itself after this close code. */
export function mayReconnect(code: number): boolean {
  return code < 4500 || code > 4999;
}
