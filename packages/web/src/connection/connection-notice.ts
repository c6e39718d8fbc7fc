import type { ConnectionState } from '@parley/client';

/** What is said about the line to the server. */
export type ConnectionNotice =
  | { readonly show: 'nothing' }
  /** Too short to speak of; look again after this many milliseconds. */
  | { readonly show: 'later'; readonly inMs: number }
  | { readonly show: 'offline' | 'connecting' | 'reconnecting' };

const patienceMs = 2_000;

/**
 * Decides what to say about the connection.
 *
 * `lostAt` is when the line was last up, or when the page began; `wasOnline` whether it ever was.
 */
export function connectionNotice(
  state: ConnectionState,
  { lostAt, wasOnline, now }: { lostAt: number; wasOnline: boolean; now: number },
): ConnectionNotice {
  switch (state.status) {
    case 'online':
    case 'idle':
    case 'closed':
      return { show: 'nothing' };
    case 'offline':
      return { show: 'offline' };
    case 'connecting':
    case 'waiting': {
      const left = lostAt + patienceMs - now;
      if (left > 0) return { show: 'later', inMs: left };
      return { show: wasOnline ? 'reconnecting' : 'connecting' };
    }
  }
}
