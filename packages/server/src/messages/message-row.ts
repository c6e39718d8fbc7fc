import type { Message, SystemAct } from '@parley/protocol';
import { hiddenMessage } from './hidden-message.ts';

/** The columns of `message` that the wire tells. */
export interface MessageRow {
  readonly seq: number;
  readonly id: string;
  readonly sender_id: string;
  readonly kind: 'text' | 'system';
  readonly body: string;
  readonly reply_to: string | null;
  readonly act: SystemAct | null;
  readonly edited_at: Date | null;
  readonly deleted_at: Date | null;
  readonly version: number;
  readonly created_at: Date;
  /** Whether the reader blocks who wrote it: see `hiddenFrom`. */
  readonly hidden: boolean;
}

/** The columns to select; `hidden` depends on who reads, and comes beside them. */
export const messageColumns = [
  'message.seq',
  'message.id',
  'message.sender_id',
  'message.kind',
  'message.body',
  'message.reply_to',
  'message.act',
  'message.edited_at',
  'message.deleted_at',
  'message.version',
  'message.created_at',
] as const;

/** The message as the wire tells it; a deleted or hidden one keeps its place and loses its content. */
export function toMessage(row: MessageRow): Message {
  const { id, seq, version } = row;
  const created_at = row.created_at.toISOString();
  if (row.hidden) return hiddenMessage({ id, seq, created_at, version });
  return {
    id,
    seq,
    sender: row.sender_id,
    kind: row.kind,
    body: row.deleted_at === null ? row.body : '',
    created_at,
    version,
    ...(row.reply_to === null ? {} : { reply_to: row.reply_to }),
    ...(row.act === null ? {} : { act: row.act }),
    ...(row.edited_at === null ? {} : { edited_at: row.edited_at.toISOString() }),
    ...(row.deleted_at === null ? {} : { deleted_at: row.deleted_at.toISOString() }),
  };
}
