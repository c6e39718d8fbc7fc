import { requireAccess } from '../access/require-access.ts';
import type { Context } from '../context.ts';
import { authorizePerson } from '../policy/authorize.ts';
import { readReach } from '../users/directory.ts';
import { type Made, makeConversation, type NewConversation } from './make-conversation.ts';

/**
 * Makes a conversation; a pair's direct conversation exists once, whoever asks first.
 *
 * Throws `not_found` when anybody named does not exist or is not to be found by the acting person
 * (nothing is made then), `not_allowed` for guests, `id_reused` when the id names another
 * conversation.
 */
export function createConversation(ctx: Context, input: NewConversation): Promise<Made> {
  return makeConversation(ctx, input, async (trx) => {
    await requireAccess(trx, ctx);
    const { role, reach } = await readReach(trx, ctx.scope);
    authorizePerson('conversation.create', role);
    return reach;
  });
}
