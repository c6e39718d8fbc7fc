import { ParleyError } from '@parley/protocol';
import type { Context } from '../context.ts';
import type { Change } from '../conversations/change.ts';
import type { Rank } from '../policy/right.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';

/** What somebody is in the conversation that changes. Throws `not_found` unless they are in it. */
export async function readRank(ctx: Context, change: Change, user: string): Promise<Rank> {
  const row = await change.trx
    .selectFrom('member')
    .innerJoin('app_user', (join) =>
      join
        .onRef('app_user.tenant_id', '=', 'member.tenant_id')
        .onRef('app_user.id', '=', 'member.user_id'),
    )
    .select(['member.role', 'app_user.role as tenant_role'])
    .where('member.tenant_id', '=', ctx.scope.tenant)
    .where('member.conversation_id', '=', change.before.id)
    .where('member.user_id', '=', user)
    .where('member.left_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) throw new ParleyError('not_found', { field: 'user' });
  return { role: row.role, tenantRole: tenantRoleOf(row.tenant_role) };
}
