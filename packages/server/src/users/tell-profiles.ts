import { conversationTopic, type FleetingEvent, type Topic, userTopic } from '@parley/protocol';
import { sql } from 'kysely';
import type { Bus, BusMessage } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { UserRow } from './user-record.ts';

interface Parts {
  readonly db: Database;
  readonly bus: Bus;
}

// People in more conversations than these are seen anew where others sync or load.
const toldConversations = 300;
// Of many people at once, together.
const toldTogether = 10_000;

/** Tells of new names or pictures: to the people, and in their most recent conversations. */
export async function tellProfiles(
  { db, bus }: Parts,
  tenant: string,
  people: readonly UserRow[],
): Promise<void> {
  if (people.length === 0) return;
  const each = Math.min(toldConversations, Math.ceil(toldTogether / people.length));
  const { rows } = await sql<{ user_id: string; conversation: string }>`
    select person.id as user_id, recent.id as conversation
    from unnest(${people.map((one) => one.id)}::text[]) as person (id)
    cross join lateral (
      select conversation.id from member
      join conversation on conversation.tenant_id = member.tenant_id
        and conversation.id = member.conversation_id
      where member.tenant_id = ${tenant} and member.user_id = person.id
        and member.left_at is null
      order by conversation.last_activity_at desc
      limit ${each}
    ) as recent`.execute(db.of(tenant).sql);
  const told = new Map<string, BusMessage>();
  const byTopic = new Map<Topic, BusMessage[]>();
  for (const row of people) {
    const message: BusMessage = { type: 'fleeting', frame: JSON.stringify(eventOf(row)) };
    told.set(row.id, message);
    byTopic.set(userTopic(tenant, row.id), [message]);
  }
  for (const { user_id, conversation } of rows) {
    const topic = conversationTopic(tenant, conversation);
    const message = told.get(user_id);
    if (message === undefined) continue;
    const before = byTopic.get(topic);
    if (before === undefined) byTopic.set(topic, [message]);
    else before.push(message);
  }
  for (const [topic, messages] of byTopic) bus.publish(topic, messages);
}

function eventOf(row: UserRow): FleetingEvent {
  return {
    event: 'user.updated',
    user: {
      id: row.id,
      name: row.name,
      avatar_url: row.avatar_url,
      updated_at: row.updated_at.toISOString(),
    },
  };
}
