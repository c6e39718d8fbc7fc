import type { PersonalEvent } from '@parley/protocol';
import type { Context } from '../context.ts';
import { readConversationRows } from './conversation-rows.ts';

/** The frame that tells of a joining with the row as it is now; null when the person is no longer in. */
export async function readJoined(
  ctx: Pick<Context, 'db' | 'scope'>,
  joined: { readonly conversation: string; readonly me: number },
): Promise<string | null> {
  const [row] = await readConversationRows(ctx.db.sql, ctx.scope, [joined.conversation]);
  if (row === undefined) return null;
  const event: PersonalEvent = { event: 'conversation.added', me: joined.me, conversation: row };
  return JSON.stringify(event);
}
