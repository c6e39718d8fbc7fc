import type { ConversationEvent, ConversationKind, Member, Message } from '@parley/protocol';
import type { ConversationChange } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import { hideableSender } from '../messages/hidden-message.ts';
import { readChangedMembers, readChangedMessages, type Since } from './changed-rows.ts';

interface Gap {
  readonly tenant: string;
  readonly conversation: string;
  /** What was last delivered. */
  readonly version: number;
  readonly lastSeq: number;
}

const rowsPerRead = 500;

/**
 * The changes that a node missed, re-told from the database in version order.
 *
 * Rows are state, not a log: two edits of one message are one row, so each change names the version
 * that it follows (`prev`). Returns at most some hundreds; ask again from the last one for the rest.
 */
export async function readGap(db: Database, gap: Gap): Promise<ConversationChange[]> {
  const { tenant, conversation } = gap;
  const since: Since = {
    id: conversation,
    version: gap.version,
    lastSeq: gap.lastSeq,
    joinedSeq: 0,
  };
  const { head, messages, members } = await db
    .of(tenant)
    .sql.transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({
      head: await trx
        .selectFrom('conversation')
        .select(['kind', 'name', 'fields_version', 'member_count', 'version'])
        .where('tenant_id', '=', tenant)
        .where('id', '=', conversation)
        .executeTakeFirst(),
      messages: await readChangedMessages(trx, { tenant }, [since], rowsPerRead),
      members: await readChangedMembers(trx, tenant, [since], rowsPerRead),
    }));
  if (head === undefined) return [];
  const messageRows = messages.get(conversation) ?? [];
  const memberRows = members.get(conversation) ?? [];
  const events: Told[] = [
    ...messageRows.map((row) =>
      toldMessage({ id: conversation, kind: head.kind }, row, gap.lastSeq),
    ),
    ...memberRows.map((row) => toldMember(conversation, row, head.member_count)),
  ];
  if (head.fields_version > gap.version) {
    const version = head.fields_version;
    events.push({
      event: { event: 'conversation.updated', conversation, version, changed: { name: head.name } },
    });
  }
  events.sort((a, b) => a.event.version - b.event.version);
  return chained(uncut(events, messageRows, memberRows), gap.version);
}

interface Told {
  readonly event: ConversationEvent;
  readonly seq?: number;
  readonly left?: string;
  readonly sender?: string;
}

function toldMessage(
  { id, kind }: { readonly id: string; readonly kind: ConversationKind },
  message: Message,
  lastSeq: number,
): Told {
  const { version, seq } = message;
  const about = { conversation: id, version, message };
  const sender = hideableSender(kind, message);
  return seq > lastSeq
    ? { event: { event: 'message.created', ...about }, seq, ...sender }
    : { event: { event: 'message.updated', ...about }, ...sender };
}

function toldMember(conversation: string, member: Member, member_count: number): Told {
  const { version } = member;
  return {
    event: { event: 'member.updated', conversation, version, member, member_count },
    ...(member.left_at === null ? {} : { left: member.id }),
  };
}

/** Where one kind of rows was cut short, later rows of the other kind wait for the next read. */
function uncut(
  events: readonly Told[],
  messages: readonly Message[],
  members: readonly Member[],
): readonly Told[] {
  const ends = [messages, members]
    .filter((rows) => rows.length >= rowsPerRead)
    .map((rows) => rows.at(-1)?.version ?? 0);
  const end = Math.min(...ends);
  return events.filter((told) => told.event.version <= end);
}

function chained(events: readonly Told[], from: number): ConversationChange[] {
  let prev = from;
  return events.map(({ event, ...rest }) => {
    const frame = JSON.stringify(event.version - 1 === prev ? event : { ...event, prev });
    const change: ConversationChange = {
      type: 'change',
      version: event.version,
      prev,
      frame,
      ...rest,
    };
    prev = event.version;
    return change;
  });
}
