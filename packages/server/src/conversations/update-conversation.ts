import type { ConversationRow } from '@parley/protocol';
import type { Context } from '../context.ts';
import { changeConversation } from './change-conversation.ts';
import { getConversation } from './get-conversation.ts';

interface UpdateConversation {
  readonly conversation: string;
  readonly name?: string;
}

/** Renames a group. Throws `not_found`, `not_allowed`. */
export async function updateConversation(
  ctx: Context,
  input: UpdateConversation,
): Promise<{ conversation: ConversationRow }> {
  const { conversation, name } = input;
  await changeConversation(ctx, 'conversation.update', conversation, async (change) => {
    if (name === undefined || name === change.before.name) return;
    const version = change.nextVersion();
    await change.trx
      .updateTable('conversation')
      .set({ name, fields_version: version })
      .where('tenant_id', '=', ctx.scope.tenant)
      .where('id', '=', conversation)
      .execute();
    change.tell({ event: 'conversation.updated', conversation, version, changed: { name } });
    await change.addSystemMessage({ type: 'renamed', name });
  });
  return getConversation(ctx, { conversation });
}
