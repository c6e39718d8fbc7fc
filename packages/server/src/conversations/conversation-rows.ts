import {
  type ConversationRow,
  effectiveRole,
  type JsonObject,
  limits,
  type Mark,
  type Member,
  type MemberRole,
  type Message,
} from '@parley/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';
import { hiddenFrom } from '../messages/hidden-message.ts';
import { type MessageRow, toMessage } from '../messages/message-row.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import type { Scope } from '../scope.ts';
import { profileStamp } from '../users/profile-stamp.ts';

interface HeadRow {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly name: string | null;
  readonly version: number;
  readonly last_seq: number;
  readonly first_seq: number;
  readonly member_count: number;
  readonly metadata: JsonObject;
  readonly created_by: string;
  readonly created_at: Date;
  readonly last_activity_at: Date;
  readonly unread: number;
  readonly role: MemberRole;
  readonly tenant_role: string;
  readonly last_message: (Omit<MessageRow, DateColumn> & Record<DateColumn, string | null>) | null;
}
type DateColumn = 'created_at' | 'edited_at' | 'deleted_at';

/**
 * Conversations as this person's list shows them; those that are not theirs are absent.
 *
 * Comes in the order of `ids`. Run it inside a transaction where rows and heads must agree. Every
 * statement asks for the membership itself, so that a removal in between ends what is read.
 */
export async function readConversationRows(
  db: Kysely<Tables>,
  scope: Scope,
  ids: readonly string[],
): Promise<ConversationRow[]> {
  if (ids.length === 0) return [];
  const heads = await readHeads(db, scope, ids);
  const found = heads.map((head) => head.id);
  const members = await readFirstMembers(db, scope, found);
  const marks = await readMarks(db, scope, found);
  return heads.map((head) => ({
    id: head.id,
    kind: head.kind,
    name: head.name,
    version: head.version,
    last_seq: head.last_seq,
    first_seq: head.first_seq,
    member_count: head.member_count,
    metadata: head.metadata,
    created_by: head.created_by,
    created_at: head.created_at.toISOString(),
    members: members.get(head.id) ?? [],
    unread: head.unread,
    my_role:
      head.kind === 'direct' ? 'member' : effectiveRole(head.role, tenantRoleOf(head.tenant_role)),
    last_message: lastMessage(head.last_message),
    last_activity_at: head.last_activity_at.toISOString(),
    marks: marks.get(head.id) ?? {},
  }));
}

/**
 * My memberships in these conversations, as `mine`: where every statement about them starts.
 *
 * Materialized, so that the planner takes each conversation by its whole key. Where it has no
 * statistics yet it would rather go through all that a tenant has, for each of them.
 */
export function mine(scope: Scope, ids: readonly string[]): RawBuilder<unknown> {
  return sql`mine as materialized (
    select * from member
    where member.tenant_id = ${scope.tenant} and member.user_id = ${scope.user}
      and member.conversation_id = any(${ids}::uuid[]) and member.left_at is null
  )`;
}

/** Unread messages: of others, neither deleted, hidden nor an act, among the next 1,000 after my mark. */
export function unreadCount(scope: Scope): RawBuilder<number> {
  return unreadCountBut(hiddenFrom(scope, 'next'));
}

/** The same for whoever `mine` is; of `next`, those are left out that the condition holds for. */
export function unreadCountBut(hidden: RawBuilder<boolean>): RawBuilder<number> {
  return sql<number>`(
    select count(*)::int from (
      select tenant_id, conversation_id, sender_id, kind, deleted_at from message
      where message.tenant_id = mine.tenant_id
        and message.conversation_id = mine.conversation_id
        and message.seq > mine.read_seq and message.seq >= mine.joined_seq
      order by message.seq limit ${sql.lit(limits.unreadWindow)}
    ) as next
    where next.sender_id <> mine.user_id and next.kind = 'text' and next.deleted_at is null
      and not ${hidden}
  )`;
}

async function readHeads(
  db: Kysely<Tables>,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly HeadRow[]> {
  const { rows } = await sql<HeadRow>`
    with ${mine(scope, ids)}
    select conversation.id, conversation.kind, conversation.name, conversation.version,
      conversation.last_seq,
      greatest(conversation.first_seq, mine.joined_seq) as first_seq,
      conversation.member_count, conversation.metadata, conversation.created_by,
      conversation.created_at, conversation.last_activity_at,
      ${unreadCount(scope)} as unread, mine.role,
      (select app_user.role from app_user
        where app_user.tenant_id = mine.tenant_id and app_user.id = mine.user_id) as tenant_role,
      (
        select to_jsonb(message) || jsonb_build_object('hidden', ${hiddenFrom(scope)}) from message
        where message.tenant_id = conversation.tenant_id
          and message.conversation_id = conversation.id
          and message.seq = conversation.last_seq and message.seq >= mine.joined_seq
      ) as last_message
    from mine
    join conversation on conversation.tenant_id = mine.tenant_id
      and conversation.id = mine.conversation_id
    order by array_position(${ids}::uuid[], conversation.id)`.execute(db);
  return rows;
}

interface MemberRow extends Omit<Member, 'left_at'> {
  readonly conversation_id: string;
}

/** The first 50 members of each, in the order of their ids. */
export async function readFirstMembers(
  db: Kysely<Tables>,
  scope: Scope,
  ids: readonly string[],
): Promise<Map<string, Member[]>> {
  const { rows } = await sql<MemberRow>`
    with ${mine(scope, ids)}
    select first.conversation_id, app_user.id, app_user.name, app_user.avatar_url,
      ${profileStamp} as updated_at,
      first.role, first.joined_seq, first.version
    from mine
    cross join lateral (
      select * from member
      where member.tenant_id = mine.tenant_id and member.conversation_id = mine.conversation_id
        and member.left_at is null
      order by member.user_id limit ${limits.membersInRow}
    ) as first
    join app_user on app_user.tenant_id = first.tenant_id and app_user.id = first.user_id
    order by first.conversation_id, first.user_id`.execute(db);
  const members = new Map<string, Member[]>();
  for (const { conversation_id, ...row } of rows) {
    const list = members.get(conversation_id) ?? [];
    list.push({ ...row, left_at: null });
    members.set(conversation_id, list);
  }
  return members;
}

/**
 * Marks of everybody in conversations of up to 100 people, of the asking person in larger ones.
 *
 * Of two people one of whom blocks the other, each is told their own mark only.
 */
export async function readMarks(
  db: Kysely<Tables>,
  scope: Scope,
  ids: readonly string[],
): Promise<Map<string, Record<string, Mark>>> {
  const { rows } = await sql<{
    conversation_id: string;
    user_id: string;
    read_seq: number;
    delivered_seq: number;
  }>`
    with ${mine(scope, ids)}
    select mark.*
    from mine
    join conversation on conversation.tenant_id = mine.tenant_id
      and conversation.id = mine.conversation_id
    cross join lateral (
      (
        select member.conversation_id, member.user_id, member.read_seq, member.delivered_seq
        from member
        where member.tenant_id = mine.tenant_id and member.conversation_id = mine.conversation_id
          and member.left_at is null and conversation.member_count <= ${limits.membersWithMarks}
          and (not conversation.blocked or member.user_id = mine.user_id)
        order by member.user_id limit ${limits.membersWithMarks}
      )
      union all
      select mine.conversation_id, mine.user_id, mine.read_seq, mine.delivered_seq
      where conversation.member_count > ${limits.membersWithMarks}
    ) as mark
    order by mark.user_id`.execute(db);
  const marks = new Map<string, Record<string, Mark>>();
  for (const row of rows) {
    // No prototype: user ids are the host's own, and `__proto__` could be one.
    const entry = marks.get(row.conversation_id) ?? Object.create(null);
    entry[row.user_id] = { read: row.read_seq, delivered: row.delivered_seq };
    marks.set(row.conversation_id, entry);
  }
  return marks;
}

function lastMessage(row: HeadRow['last_message']): Message | null {
  if (row === null) return null;
  return toMessage({
    ...row,
    created_at: new Date(row.created_at ?? 0),
    edited_at: row.edited_at === null ? null : new Date(row.edited_at),
    deleted_at: row.deleted_at === null ? null : new Date(row.deleted_at),
  });
}
