import { ParleyError, type PersonalEvent, userTopic } from '@parley/protocol';
import { recordAct } from '../audit/record-act.ts';
import type { Context } from '../context.ts';
import type { Change } from '../conversations/change.ts';
import { changeConversation } from '../conversations/change-conversation.ts';
import { authorizeUpon } from '../policy/authorize.ts';
import { bumpPeople } from '../users/bump-people.ts';
import { changeRole } from './change-role.ts';
import { lockHeir } from './find-heir.ts';
import { readMember } from './member-rows.ts';
import { readRank } from './read-rank.ts';

/**
 * Ends a membership, by leaving or by removal; both take a version and leave a system message.
 *
 * Where the last owner goes, the ownership is passed on before.
 */
export async function endMembership(
  ctx: Context,
  act: 'conversation.leave' | 'member.remove',
  { conversation, user }: { readonly conversation: string; readonly user: string },
): Promise<{ version: number }> {
  const { tenant } = ctx.scope;
  const { result, version } = await changeConversation(ctx, act, conversation, async (change) => {
    const target = await readRank(ctx, change, user);
    authorizeUpon(act, change.before, target);
    if (target.role === 'owner') await passOn(ctx, change, user);
    const endedAt = await endRow(ctx, change, conversation, user);
    const versions = await bumpPeople(change.trx, tenant, [user]);
    if (act === 'conversation.leave') await change.addSystemMessage({ type: 'member_left' });
    else await tellRemoval(ctx, change, user);
    return { endedAt, me: versions.get(user) ?? 0 };
  });
  const { me, endedAt } = result;
  const event: PersonalEvent = { event: 'conversation.removed', me, conversation };
  ctx.bus.publish(userTopic(tenant, user), [
    { type: 'left', conversation, version: endedAt, me, frame: JSON.stringify(event) },
  ]);
  return { version };
}

/** First the heir, then the leaving: at no version is the group without an owner. */
async function passOn(ctx: Context, change: Change, from: string): Promise<void> {
  const heir = await lockHeir(ctx, change, from, [from]);
  if (heir === undefined || heir.role === 'owner') return;
  await changeRole(ctx, change, { user: heir.user, role: 'owner' });
}

async function tellRemoval(ctx: Context, change: Change, user: string): Promise<void> {
  await change.addSystemMessage({ type: 'member_removed', user });
  await recordAct(change.trx, ctx.scope.tenant, {
    actor: { kind: 'person', id: ctx.scope.user },
    action: 'member.removed',
    target: { conversation: change.before.id, user },
    at: change.at,
  });
}

async function endRow(
  ctx: Context,
  change: Change,
  conversation: string,
  user: string,
): Promise<number> {
  const { tenant } = ctx.scope;
  const version = change.nextVersion();
  const ended = await change.trx
    .updateTable('member')
    .set({ left_at: change.at, version })
    .where('tenant_id', '=', tenant)
    .where('conversation_id', '=', conversation)
    .where('user_id', '=', user)
    .where('left_at', 'is', null)
    .returning('user_id')
    .executeTakeFirst();
  if (ended === undefined) throw new ParleyError('not_found', { field: 'user' });
  const memberCount = change.before.memberCount - 1;
  await change.trx
    .updateTable('conversation')
    .set({ member_count: memberCount })
    .where('tenant_id', '=', tenant)
    .where('id', '=', conversation)
    .execute();
  const member = await readMember(change.trx, tenant, conversation, user);
  change.tell(
    { event: 'member.updated', conversation, version, member, member_count: memberCount },
    { left: user },
  );
  return version;
}
