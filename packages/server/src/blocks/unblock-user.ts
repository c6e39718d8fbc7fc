import type { Context } from '../context.ts';
import { changeBlock } from './change-block.ts';

/**
 * No longer blocks a person.
 *
 * Of somebody who is not blocked, does not exist or is foreign it changes nothing, and says nothing.
 */
export async function unblockUser(ctx: Context, input: { readonly user: string }): Promise<void> {
  const { user } = input;
  await changeBlock(ctx, {
    user,
    blocked: false,
    write: async (trx) => {
      const removed = await trx
        .deleteFrom('block')
        .where('tenant_id', '=', ctx.scope.tenant)
        .where('blocker_id', '=', ctx.scope.user)
        .where('blocked_id', '=', user)
        .returning('blocked_id')
        .executeTakeFirst();
      return removed !== undefined;
    },
  });
}
