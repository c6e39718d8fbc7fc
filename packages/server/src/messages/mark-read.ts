import { conversationTopic, type FleetingEvent, limits, userTopic } from '@parley/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { requireMembership } from '../members/membership.ts';

interface MarkRead {
  readonly conversation: string;
  readonly seq: number;
}

interface MovedRow {
  readonly read_seq: number;
  readonly member_count: number;
  readonly blocked: boolean;
}

/**
 * Moves the acting person's read mark; it never moves back, and what is read was delivered.
 *
 * A mark above the newest message counts as the newest message. Throws `not_found`.
 */
export async function markRead(ctx: Context, input: MarkRead): Promise<void> {
  const { tenant, user } = ctx.scope;
  const { rows } = await sql<MovedRow>`
    update member
    set read_seq = least(${input.seq}::bigint, conversation.last_seq),
      delivered_seq =
        greatest(member.delivered_seq, least(${input.seq}::bigint, conversation.last_seq))
    from conversation
    where member.tenant_id = ${tenant} and member.conversation_id = ${input.conversation}
      and member.user_id = ${user} and member.left_at is null
      and conversation.tenant_id = member.tenant_id and conversation.id = member.conversation_id
      and member.read_seq < least(${input.seq}::bigint, conversation.last_seq)
    returning member.read_seq, conversation.member_count, conversation.blocked`.execute(ctx.db.sql);
  const [moved] = rows;
  if (moved === undefined) {
    await requireMembership(ctx, input.conversation);
    return;
  }
  const event: FleetingEvent = {
    event: 'read',
    conversation: input.conversation,
    user,
    seq: moved.read_seq,
  };
  // In a large group nobody else is told: ten thousand people reading would tell ten thousand each.
  // Nor is one of two people of whom one blocks the other.
  const topic =
    moved.member_count <= limits.membersWithMarks && !moved.blocked
      ? conversationTopic(tenant, input.conversation)
      : userTopic(tenant, user);
  ctx.bus.publish(topic, [{ type: 'fleeting', frame: JSON.stringify(event) }]);
}
