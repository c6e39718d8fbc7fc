import { conversationTopic, type FleetingEvent, limits } from '@parley/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';

interface MarkDelivered {
  /** Conversation to the newest message that reached the person's device. */
  readonly marks: ReadonlyMap<string, number>;
}

interface MovedRow {
  readonly conversation_id: string;
  readonly delivered_seq: number;
  readonly member_count: number;
  readonly blocked: boolean;
}

/** Moves delivered marks, many conversations at once; those that are not the person's are ignored. */
export async function markDelivered(ctx: Context, input: MarkDelivered): Promise<void> {
  if (input.marks.size === 0) return;
  const { tenant, user } = ctx.scope;
  const ids = [...input.marks.keys()];
  // Locked in the order of ids: two devices of one person, each with all marks in an order of its
  // own, would wait for each other.
  const { rows } = await sql<MovedRow>`
    with moving as materialized (
      select member.tenant_id, member.conversation_id, member.user_id, mark.seq
      from member
      join unnest(${ids}::uuid[], ${[...input.marks.values()]}::bigint[])
        as mark (conversation_id, seq) using (conversation_id)
      where member.tenant_id = ${tenant} and member.user_id = ${user}
        and member.conversation_id = any(${ids}::uuid[]) and member.left_at is null
        and member.delivered_seq < mark.seq
      order by member.conversation_id for no key update of member
    )
    update member set delivered_seq = least(moving.seq, conversation.last_seq)
    from moving
    join conversation on conversation.tenant_id = moving.tenant_id
      and conversation.id = moving.conversation_id
    where member.tenant_id = moving.tenant_id
      and member.conversation_id = moving.conversation_id and member.user_id = moving.user_id
      and member.delivered_seq < least(moving.seq, conversation.last_seq)
    returning member.conversation_id, member.delivered_seq, conversation.member_count,
      conversation.blocked`.execute(ctx.db.sql);
  for (const row of rows) {
    // Of two people one of whom blocks the other, neither hears of the other's marks.
    if (row.member_count > limits.membersWithMarks || row.blocked) continue;
    const event: FleetingEvent = {
      event: 'delivered',
      conversation: row.conversation_id,
      user,
      seq: row.delivered_seq,
    };
    ctx.bus.publish(conversationTopic(tenant, row.conversation_id), [
      { type: 'fleeting', frame: JSON.stringify(event) },
    ]);
  }
}
