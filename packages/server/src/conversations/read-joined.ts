import type { PersonalEvent } from '@parley/protocol';
import type { Joined } from '../bus/bus.ts';
import type { Context } from '../context.ts';
import { readConversationRows } from './conversation-rows.ts';

/** The news of a joining with the row as it is now; null when the person is no longer in. */
export async function readJoined(
  ctx: Context,
  joined: Joined,
): Promise<{ version: number; frame: string } | null> {
  const [row] = await readConversationRows(ctx.db.sql, ctx.scope, [joined.conversation]);
  if (row === undefined) return null;
  const event: PersonalEvent = { event: 'conversation.added', me: joined.me, conversation: row };
  return { version: row.version, frame: JSON.stringify(event) };
}
