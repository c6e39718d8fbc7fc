import type { Member, Message } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';
import { toMember } from '../members/member-rows.ts';
import { hiddenFrom } from '../messages/hidden-message.ts';
import { type MessageRow, toMessage } from '../messages/message-row.ts';
import type { Scope } from '../scope.ts';
import { profileStamp } from '../users/profile-stamp.ts';

/** From where a conversation's changes are wanted. */
export interface Since {
  readonly id: string;
  readonly version: number;
  /** Messages above it are new; those up to it are told only if they changed later. */
  readonly lastSeq: number;
  /** The first message that the asking person may see. */
  readonly joinedSeq: number;
}

/**
 * Messages that are new or changed, by conversation, in version order; at most `limit` of each.
 *
 * Two ways in, since a new message is found by seq and a changed one by the partial index over
 * changed rows: so no index is written for a plain send. `scope` without a person reads for a node,
 * from which nothing is hidden: it hides when it tells.
 */
export async function readChangedMessages(
  db: Kysely<Tables>,
  scope: Scope | Pick<Scope, 'tenant'>,
  since: readonly Since[],
  limit: number,
): Promise<Map<string, Message[]>> {
  if (since.length === 0) return new Map();
  const { tenant } = scope;
  const { rows } = await sql<MessageRow & { conversation_id: string }>`
    select changed.conversation_id, changed.seq, changed.id, changed.sender_id, changed.kind,
      changed.body, changed.reply_to, changed.act, changed.edited_at, changed.deleted_at,
      changed.version, changed.created_at,
      ${'user' in scope ? hiddenFrom(scope, 'changed') : sql`false`} as hidden
    from ${wanted(since)}
    cross join lateral (
      (
        select * from message
        where message.tenant_id = ${tenant} and message.conversation_id = wanted.id
          and message.seq > wanted.last_seq and message.seq >= wanted.joined_seq
          and message.version > wanted.version
      )
      union all
      (
        select * from message
        where message.tenant_id = ${tenant} and message.conversation_id = wanted.id
          and message.version > message.created_version and message.version > wanted.version
          and message.seq <= wanted.last_seq and message.seq >= wanted.joined_seq
      )
      order by version limit ${limit}
    ) as changed
    order by changed.conversation_id, changed.version`.execute(db);
  return grouped(rows, toMessage);
}

/** Member rows changed since, by conversation, in version order; at most `limit` of each. */
export async function readChangedMembers(
  db: Kysely<Tables>,
  tenant: string,
  since: readonly Since[],
  limit: number,
): Promise<Map<string, Member[]>> {
  if (since.length === 0) return new Map();
  const { rows } = await sql<
    Omit<Member, 'left_at'> & { left_at: Date | null; conversation_id: string }
  >`
    select changed.conversation_id, app_user.id, app_user.name, app_user.avatar_url,
      ${profileStamp} as updated_at,
      changed.role, changed.joined_seq, changed.version, changed.left_at
    from ${wanted(since)}
    cross join lateral (
      select * from member
      where member.tenant_id = ${tenant} and member.conversation_id = wanted.id
        and member.version > wanted.version and member.version > 0
      order by member.version limit ${limit}
    ) as changed
    join app_user on app_user.tenant_id = changed.tenant_id and app_user.id = changed.user_id
    order by changed.conversation_id, changed.version`.execute(db);
  return grouped(rows, toMember);
}

function wanted(since: readonly Since[]) {
  return sql`unnest(${since.map((one) => one.id)}::uuid[],
    ${since.map((one) => one.version)}::bigint[], ${since.map((one) => one.lastSeq)}::bigint[],
    ${since.map((one) => one.joinedSeq)}::bigint[])
    as wanted (id, version, last_seq, joined_seq)`;
}

function grouped<Row extends { conversation_id: string }, T>(
  rows: readonly Row[],
  told: (row: Omit<Row, 'conversation_id'>) => T,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const { conversation_id, ...row } of rows) {
    const group = groups.get(conversation_id) ?? [];
    group.push(told(row));
    groups.set(conversation_id, group);
  }
  return groups;
}
