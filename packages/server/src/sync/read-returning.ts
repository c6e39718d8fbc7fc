import { limits, type Mark, type User } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import { unreadCountBut } from '../conversations/conversation-rows.ts';
import type { Tables } from '../db/tables.ts';
import { profileStamp } from '../users/profile-stamp.ts';
import type { Head } from './known-conversations.ts';
import { overlapSeconds, type Sync } from './sync.ts';

/** Somebody who comes back. */
export interface Asking {
  readonly user: string;
  readonly input: Sync;
  readonly at: Date | undefined;
}

/** A person who comes back, as the snapshot has them. */
export interface PersonRow {
  readonly n: number;
  readonly epoch: string;
  readonly me: number;
  readonly blocks_version: number;
  readonly at: Date;
  readonly memberships: number;
  readonly has_added: boolean;
  readonly has_blocks: boolean;
}

/** A conversation that somebody who comes back is in. */
export interface HeadRow extends Head {
  readonly n: number;
  readonly blocked: boolean;
  readonly read_seq: number;
  readonly delivered_seq: number;
}

/** Somebody in a conversation whose name or picture has changed. */
export interface Renamed {
  readonly conversation: string;
  readonly changedAt: Date;
  readonly user: User;
}

type Db = Kysely<Tables>;

const renamedTogether = 3_000;

/** Where these people stand, in any order; who does not exist is absent. */
export async function readPeople(
  db: Db,
  tenant: string,
  all: readonly Asking[],
): Promise<PersonRow[]> {
  const { rows } = await sql<PersonRow>`
    select asked.n::int as n, installation.epoch, app_user.version as me,
      app_user.blocks_version, now() as at,
      (
        select count(*)::int from member
        where member.tenant_id = app_user.tenant_id and member.user_id = app_user.id
          and member.left_at is null
      ) as memberships,
      exists (
        select from member
        where member.tenant_id = app_user.tenant_id and member.user_id = app_user.id
          and member.left_at is null and member.me_version > asked.me
      ) as has_added,
      exists (
        select from block
        where block.tenant_id = app_user.tenant_id and block.blocker_id = app_user.id
      ) as has_blocks
    from unnest(${all.map((one) => one.user)}::text[], ${all.map((one) => one.input.me)}::bigint[])
      with ordinality as asked (user_id, me, n)
    cross join installation
    join app_user on app_user.tenant_id = ${tenant} and app_user.id = asked.user_id`.execute(db);
  return [...rows];
}

/** What these people are in of the conversations that they know. */
export async function readHeads(
  db: Db,
  tenant: string,
  all: readonly Asking[],
  people: readonly PersonRow[],
): Promise<readonly HeadRow[]> {
  const wanted = people.flatMap(({ n }) =>
    [...(all[n - 1]?.input.known.keys() ?? [])].map((id) => ({ n, user: all[n - 1]?.user, id })),
  );
  if (wanted.length === 0) return [];
  const { rows } = await sql<HeadRow>`
    with mine as materialized (
      select asked.n, member.*
      from unnest(${wanted.map((one) => one.n)}::int[], ${wanted.map((one) => one.user)}::text[],
        ${wanted.map((one) => one.id)}::uuid[]) as asked (n, user_id, conversation_id)
      join member on member.tenant_id = ${tenant}
        and member.conversation_id = asked.conversation_id and member.user_id = asked.user_id
        and member.left_at is null
    )
    select mine.n, conversation.id, conversation.name, conversation.version,
      conversation.fields_version, conversation.last_seq,
      greatest(conversation.first_seq, mine.joined_seq) as first_seq,
      conversation.member_count, conversation.blocked, mine.joined_seq, mine.joined_version,
      mine.read_seq, mine.delivered_seq,
      -- Nobody here blocks anybody.
      ${unreadCountBut(sql<boolean>`false`)} as unread
    from mine
    join conversation on conversation.tenant_id = mine.tenant_id
      and conversation.id = mine.conversation_id
    order by mine.n, conversation.last_activity_at desc, conversation.id`.execute(db);
  return rows;
}

/** Everybody's marks where they are everybody's to see, by conversation. */
export async function readSharedMarks(
  db: Db,
  tenant: string,
  heads: readonly HeadRow[],
): Promise<ReadonlyMap<string, Readonly<Record<string, Mark>>>> {
  const ids = new Set(heads.filter(isShared).map((head) => head.id));
  if (ids.size === 0) return new Map();
  const { rows } = await sql<{ id: string; user_id: string; read: number; delivered: number }>`
    select wanted.id, mark.user_id, mark.read_seq as read, mark.delivered_seq as delivered
    from unnest(${[...ids]}::uuid[]) as wanted (id)
    cross join lateral (
      select member.user_id, member.read_seq, member.delivered_seq from member
      where member.tenant_id = ${tenant} and member.conversation_id = wanted.id
        and member.left_at is null
      order by member.user_id limit ${limits.membersWithMarks}
    ) as mark
    order by mark.user_id`.execute(db);
  const marks = new Map<string, Record<string, Mark>>();
  for (const { id, user_id, read, delivered } of rows) {
    // No prototype: user ids are the host's own, and `__proto__` could be one.
    const entry = marks.get(id) ?? Object.create(null);
    entry[user_id] = { read, delivered };
    marks.set(id, entry);
  }
  return marks;
}

/** Whether everybody's marks are told to everybody in it. */
export function isShared(head: HeadRow): boolean {
  return !head.blocked && head.member_count <= limits.membersWithMarks;
}

/** Who was renamed since the first of these times, by the conversations they are in; nothing when those are too many. */
export async function readRenamed(
  db: Db,
  tenant: string,
  times: readonly number[],
  heads: readonly HeadRow[],
): Promise<ReadonlyMap<string, readonly Renamed[]> | undefined> {
  if (times.length === 0) return new Map();
  const { rows: people } = await sql<User & { changed_at: Date }>`
    select id, name, avatar_url, ${profileStamp} as updated_at, updated_at as changed_at
    from app_user
    where tenant_id = ${tenant}
      and updated_at > ${new Date(Math.min(...times))}::timestamptz
        - ${overlapSeconds} * interval '1 second'
      and updated_at > '-infinity'
    limit ${renamedTogether + 1}`.execute(db);
  if (people.length === 0) return new Map();
  if (people.length > renamedTogether) return undefined;
  const ids = new Set(heads.map((head) => head.id));
  const { rows } = await sql<{ conversation_id: string; user_id: string }>`
    select conversation_id, user_id from member
    where tenant_id = ${tenant} and user_id = any(${people.map((one) => one.id)}::text[])
      and left_at is null and conversation_id = any(${[...ids]}::uuid[])`.execute(db);
  const byId = new Map(people.map((one) => [one.id, one]));
  const renamed = rows.flatMap((row) => {
    const person = byId.get(row.user_id);
    if (person === undefined) return [];
    const { changed_at, ...user } = person;
    return [{ conversation: row.conversation_id, changedAt: changed_at, user }];
  });
  return Map.groupBy(renamed, (one) => one.conversation);
}
