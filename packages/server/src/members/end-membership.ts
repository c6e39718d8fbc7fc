import { ParleyError, type PersonalEvent, userTopic } from '@parley/protocol';
import type { Context } from '../context.ts';
import { type Change, changeConversation } from '../conversations/change-conversation.ts';
import { bumpPeople } from '../users/bump-people.ts';
import { readMember } from './member-rows.ts';

/** Ends a membership, by leaving or by removal; both take a version and leave a system message. */
export async function endMembership(
  ctx: Context,
  conversation: string,
  user: string,
): Promise<{ version: number }> {
  const { tenant } = ctx.scope;
  const { result, version } = await changeConversation(ctx, conversation, async (change) => {
    refuseUnlessAllowed(ctx, change, user);
    const endedAt = await endRow(ctx, change, conversation, user);
    const versions = await bumpPeople(change.trx, tenant, [user]);
    await change.addSystemMessage(
      user === ctx.scope.user ? { type: 'member_left' } : { type: 'member_removed', user },
    );
    return { endedAt, me: versions.get(user) ?? 0 };
  });
  const { me, endedAt } = result;
  const event: PersonalEvent = { event: 'conversation.removed', me, conversation };
  ctx.bus.publish(userTopic(tenant, user), [
    { type: 'left', conversation, version: endedAt, me, frame: JSON.stringify(event) },
  ]);
  return { version };
}

function refuseUnlessAllowed(ctx: Context, change: Change, user: string): void {
  if (change.before.kind === 'direct') {
    throw new ParleyError('not_allowed', {
      message: 'A direct conversation has its two people for ever. Archive it instead.',
    });
  }
  if (user !== ctx.scope.user && change.before.role === 'member') {
    throw new ParleyError('not_allowed', {
      message: 'Only an owner or admin of the group removes people.',
    });
  }
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
