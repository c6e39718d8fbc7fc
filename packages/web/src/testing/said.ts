import type { TimelineMessage } from '@parley/client';

type Stored = Extract<TimelineMessage, { state: 'stored' }>;

/** A stored message for a test: `said(7, 'maya', '2026-11-20T10:00:00')`, local time. */
export function said(
  seq: number,
  sender: string,
  localTime: string,
  more: Partial<Stored> = {},
): Stored {
  return {
    id: `m${seq}`,
    seq,
    version: seq,
    sender,
    kind: 'text',
    body: 'Hello',
    created_at: new Date(localTime).toISOString(),
    state: 'stored',
    ...more,
  };
}

/** A message on its way. */
export function queued(id: string, sender: string, localTime: string): TimelineMessage {
  return {
    id,
    sender,
    body: 'Hello',
    created_at: new Date(localTime).toISOString(),
    state: 'queued',
  };
}
