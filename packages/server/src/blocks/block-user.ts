import { limits, ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import { visibleUsers } from '../users/visible-users.ts';
import { changeBlock } from './change-block.ts';

/**
 * Blocks a person: somebody whom one can see, or shares a conversation with.
 *
 * Blocking again is fine and changes nothing. Throws `not_found` alike for who does not exist and who
 * is not to be seen, `bad_request` for oneself, `too_many`.
 */
export async function blockUser(ctx: Context, input: { readonly user: string }): Promise<void> {
  const { user } = input;
  if (user === ctx.scope.user) {
    throw new ParleyError('bad_request', {
      field: 'user',
      message: 'Nobody blocks themselves. Name somebody else.',
    });
  }
  const visible = await visibleUsers(ctx, [user]);
  await changeBlock(ctx, {
    user,
    blocked: true,
    write: async (trx) => {
      if (await isBlocked(ctx, trx, user)) return false;
      if (!visible.has(user)) throw new ParleyError('not_found', { field: 'user' });
      await refuseTooMany(ctx, trx);
      await trx
        .insertInto('block')
        .values({
          tenant_id: ctx.scope.tenant,
          blocker_id: ctx.scope.user,
          blocked_id: user,
          created_at: new Date(ctx.now()),
        })
        .execute();
      return true;
    },
  });
}

async function isBlocked(ctx: Context, trx: Kysely<Tables>, user: string): Promise<boolean> {
  const row = await trx
    .selectFrom('block')
    .select('blocked_id')
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('blocker_id', '=', ctx.scope.user)
    .where('blocked_id', '=', user)
    .executeTakeFirst();
  return row !== undefined;
}

/** Counted under the person's lock, so that many calls at one time do not pass the limit together. */
async function refuseTooMany(ctx: Context, trx: Kysely<Tables>): Promise<void> {
  const { count } = await trx
    .selectFrom('block')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('blocker_id', '=', ctx.scope.user)
    .executeTakeFirstOrThrow();
  if (count < limits.blocksPerUser) return;
  throw new ParleyError('too_many', {
    field: 'user',
    message: `One person blocks at most ${limits.blocksPerUser} people. Unblock somebody first.`,
  });
}
