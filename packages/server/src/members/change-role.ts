import type { MemberRole } from '@parley/protocol';
import type { Actor } from '../audit/actor.ts';
import { recordAct } from '../audit/record-act.ts';
import type { Change, Changing } from '../conversations/change.ts';
import { readMember } from './member-rows.ts';

interface ChangeRole {
  readonly user: string;
  readonly role: MemberRole;
  /** By whose word, for the audit log; the acting person's when absent. */
  readonly actor?: Actor;
}

/** Gives somebody of the conversation that changes another role: a version, an act, an audit entry. */
export async function changeRole(
  ctx: Changing,
  change: Change,
  { user, role, actor = { kind: 'person', id: ctx.scope.user } }: ChangeRole,
): Promise<void> {
  const { tenant } = ctx.scope;
  const conversation = change.before.id;
  const version = change.nextVersion();
  await change.trx
    .updateTable('member')
    .set({ role, version })
    .where('tenant_id', '=', tenant)
    .where('conversation_id', '=', conversation)
    .where('user_id', '=', user)
    .execute();
  const member = await readMember(change.trx, tenant, conversation, user);
  const { memberCount } = change.before;
  change.tell({
    event: 'member.updated',
    conversation,
    version,
    member,
    member_count: memberCount,
  });
  await change.addSystemMessage({ type: 'role_changed', user, role });
  await recordAct(change.trx, tenant, {
    actor,
    action: 'member.role_changed',
    target: { conversation, user, role },
    at: change.at,
  });
}
