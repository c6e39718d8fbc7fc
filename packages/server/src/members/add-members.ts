import { effectiveRole, limits, ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Change } from '../conversations/change.ts';
import { changeConversation } from '../conversations/change-conversation.ts';
import { readConversationRows } from '../conversations/conversation-rows.ts';
import { publishJoined } from '../conversations/publish-joined.ts';
import { readReach } from '../users/directory.ts';
import { type Reached, reachPeople } from '../users/reach-people.ts';
import { selectMembers, toMember } from './member-rows.ts';

interface AddMembers {
  readonly conversation: string;
  readonly users: readonly string[];
}

/**
 * Adds people to a group; who is in it already stays as they are.
 *
 * They see what comes from now on, or everything where the conversation's history is `all`.
 * Throws `not_found` when anybody does not exist or is not to be found by the acting person (nobody
 * is added then), `not_allowed`, `too_many` for a full group.
 */
export async function addMembers(ctx: Context, input: AddMembers): Promise<{ version: number }> {
  const { conversation } = input;
  const { result: joined, version } = await changeConversation(
    ctx,
    'member.add',
    conversation,
    async (change) => {
      const newcomers = await outsiders(ctx, change, input);
      const [first] = newcomers;
      if (first === undefined) return null;
      if (change.before.memberCount + newcomers.length > limits.membersPerGroup) {
        throw new ParleyError('too_many', { field: 'users' });
      }
      const { reach } = await readReach(change.trx, ctx.scope);
      const reached = await reachPeople(change.trx, ctx.scope, newcomers, {
        act: 'add',
        reach,
        unknown: new ParleyError('not_found', {
          field: 'users',
          message: 'Somebody named does not exist here. Nobody was added.',
        }),
      });
      await addRows(ctx, change, conversation, reached);
      await change.addSystemMessage({ type: 'members_added', users: newcomers });
      await change.save();
      // Read under the lock: at this moment all newcomers see the same, and none is removed again.
      const scope = { tenant: ctx.scope.tenant, user: first };
      const [row] = await readConversationRows(change.trx, scope, [conversation]);
      return { row, reached };
    },
  );
  if (joined?.row !== undefined) {
    const told = [...joined.reached].map(([user, { me, tenantRole }]) => {
      return [user, { me, role: effectiveRole('member', tenantRole) }] as const;
    });
    publishJoined(ctx, joined.row, new Map(told));
  }
  return { version };
}

async function outsiders(ctx: Context, change: Change, input: AddMembers): Promise<string[]> {
  const wanted = [...new Set(input.users)].sort();
  const inside = await change.trx
    .selectFrom('member')
    .select('user_id')
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('conversation_id', '=', input.conversation)
    .where('user_id', 'in', wanted)
    .where('left_at', 'is', null)
    .execute();
  const known = new Set(inside.map((row) => row.user_id));
  return wanted.filter((user) => !known.has(user));
}

async function addRows(
  ctx: Context,
  change: Change,
  conversation: string,
  reached: ReadonlyMap<string, Reached>,
): Promise<void> {
  const { tenant } = ctx.scope;
  const stamps = [...reached].map(([user, { me }]) => ({
    user,
    me,
    version: change.nextVersion(),
  }));
  const { lastSeq, memberCount, history } = change.before;
  // Coming back is joining anew: earlier messages of the absence stay unseen, marks start afresh.
  await sql`
    insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
      me_version, read_seq, delivered_seq, version)
    select ${tenant}, ${conversation}::uuid, joining.user_id, 'member',
      ${history === 'all' ? 1 : lastSeq + 1}::bigint, joining.version, joining.me,
      ${lastSeq}::bigint, ${lastSeq}::bigint, joining.version
    from unnest(${stamps.map((one) => one.user)}::text[], ${stamps.map((one) => one.me)}::bigint[],
      ${stamps.map((one) => one.version)}::bigint[]) as joining (user_id, me, version)
    on conflict (tenant_id, conversation_id, user_id) do update set
      role = excluded.role, joined_seq = excluded.joined_seq,
      joined_version = excluded.joined_version, me_version = excluded.me_version,
      read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq,
      left_at = null, muted_until = null, archived_at = null,
      version = excluded.version`.execute(change.trx);
  await change.trx
    .updateTable('conversation')
    .set({ member_count: memberCount + stamps.length })
    .where('tenant_id', '=', tenant)
    .where('id', '=', conversation)
    .execute();
  const rows = await selectMembers(change.trx, tenant, conversation)
    .where(
      'member.user_id',
      'in',
      stamps.map((one) => one.user),
    )
    .orderBy('member.version')
    .execute();
  rows.forEach((row, index) => {
    change.tell({
      event: 'member.updated',
      conversation,
      version: row.version,
      member: toMember(row),
      member_count: memberCount + index + 1,
    });
  });
}
