import { type ConversationRow, ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';
import { readConversationRows } from './conversation-rows.ts';

/** One conversation as the acting person's list shows it. Throws `not_found`. */
export async function getConversation(
  ctx: Context,
  input: { readonly conversation: string },
): Promise<{ conversation: ConversationRow }> {
  const [conversation] = await readConversationRows(ctx.db.sql, ctx.scope, [input.conversation]);
  if (conversation === undefined) throw new ParleyError('not_found');
  return { conversation };
}
