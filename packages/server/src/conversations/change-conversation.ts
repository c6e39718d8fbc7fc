import { conversationTopic, ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import { requireAccess } from '../access/require-access.ts';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import { authorizePlace, type PlacedAct } from '../policy/authorize.ts';
import { openableActs, type Standing } from '../policy/right.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import { Change, type Changing, type Head } from './change.ts';

/**
 * Runs a change of a conversation that the acting person is in, then tells those who are in it.
 *
 * Throws `not_found` unless the person is a member, `not_allowed` unless the policy table lets them do
 * this act here. Whatever `work` throws undoes everything. The result of `work` is returned once the
 * change is durable and published.
 */
export async function changeConversation<T>(
  ctx: Context,
  act: PlacedAct,
  conversation: string,
  work: (change: Change) => Promise<T>,
): Promise<{ readonly result: T; readonly version: number }> {
  return runChange(
    ctx,
    conversation,
    async (trx, head) => {
      const standing = await readStanding(ctx, trx, conversation, head);
      authorizePlace(act, standing);
      return standing;
    },
    work,
  );
}

/**
 * The same in the name of a person who does not act themselves: `authorize` says what they are there.
 *
 * `head` is undefined where there is no such conversation.
 */
export async function runChange<T>(
  ctx: Changing,
  conversation: string,
  authorize: (trx: Kysely<Tables>, head: Head | undefined) => Promise<Standing>,
  work: (change: Change) => Promise<T>,
): Promise<{ readonly result: T; readonly version: number }> {
  const done = await ctx.db.sql.transaction().execute(async (trx) => {
    const head = await lockHead(ctx, trx, conversation);
    const standing = await authorize(trx, head);
    if (head === undefined) throw new ParleyError('not_found');
    const change = new Change(ctx, trx, { ...head, ...standing });
    const result = await work(change);
    await change.save();
    return { result, version: change.version, told: change.told };
  });
  if (done.told.length > 0) {
    ctx.bus.publish(conversationTopic(ctx.scope.tenant, conversation), done.told);
  }
  return { result: done.result, version: done.version };
}

async function lockHead(
  { scope }: Changing,
  trx: Kysely<Tables>,
  conversation: string,
): Promise<Head | undefined> {
  const locked = await trx
    .selectFrom('conversation')
    .select(['id', 'kind', 'name', 'history', 'last_seq', 'version', 'member_count'])
    .select('last_activity_at')
    .where('tenant_id', '=', scope.tenant)
    .where('id', '=', conversation)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (locked === undefined) return undefined;
  const { last_seq, member_count, last_activity_at, ...rest } = locked;
  return {
    ...rest,
    lastSeq: last_seq,
    memberCount: member_count,
    lastActivityAt: last_activity_at,
  };
}

/**
 * What the acting person is in the locked conversation. Throws `not_found`.
 *
 * Asked in statements of their own, after the lock, which see what it waited for; and in the same ones
 * where there is no such conversation.
 */
async function readStanding(
  ctx: Context,
  trx: Kysely<Tables>,
  conversation: string,
  head: Head | undefined,
): Promise<Standing> {
  await requireAccess(trx, ctx);
  const own = await trx
    .selectFrom('member')
    .innerJoin('app_user', (join) =>
      join
        .onRef('app_user.tenant_id', '=', 'member.tenant_id')
        .onRef('app_user.id', '=', 'member.user_id'),
    )
    .innerJoin('tenant', 'tenant.id', 'member.tenant_id')
    .select(['member.role', 'app_user.role as tenant_role', 'tenant.settings'])
    .where('member.tenant_id', '=', ctx.scope.tenant)
    .where('member.conversation_id', '=', conversation)
    .where('member.user_id', '=', ctx.scope.user)
    .where('member.left_at', 'is', null)
    .executeTakeFirst();
  if (head === undefined || own === undefined) throw new ParleyError('not_found');
  return {
    kind: head.kind,
    role: own.role,
    tenantRole: tenantRoleOf(own.tenant_role),
    opened: openableActs.filter((act) => own.settings.members_may?.includes(act)),
  };
}
