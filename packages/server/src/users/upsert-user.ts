import {
  conversationTopic,
  type FleetingEvent,
  type Topic,
  type User,
  userTopic,
} from '@parley/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { AppUserTable, Tables } from '../db/tables.ts';

interface Parts {
  readonly db: Database;
  readonly bus: Bus;
}

/** What the host product tells of a person. Absent stays as it is, null clears. */
export interface UserProfile {
  readonly id: string;
  readonly name: string;
  readonly avatar_url?: string | null;
  readonly email?: string | null;
  readonly locale?: string | null;
  readonly role?: string;
}

/** A person as the host product sees them. */
export interface UserRecord extends User {
  readonly email: string | null;
  readonly locale: string | null;
  readonly role: string;
  readonly created_at: string;
  /** When name or picture last changed. */
  readonly updated_at: string;
}

type Row = Selectable<AppUserTable>;

// People in more conversations than these are seen anew where others sync or load.
const toldConversations = 300;

/**
 * Makes or changes a person of a tenant, on behalf of the host product.
 *
 * A new name or picture is told, after the commit, to the person and in the person's most recent
 * conversations.
 */
export async function upsertUser(
  { db, bus }: Parts,
  tenant: string,
  profile: UserProfile,
): Promise<UserRecord> {
  const { row, told } = await db.sql.transaction().execute(async (sql) => {
    const created = await insert(sql, tenant, profile);
    return created === undefined ? update(sql, tenant, profile) : { row: created, told: false };
  });
  if (told) await tell({ db, bus }, tenant, row);
  return toRecord(row);
}

async function insert(
  db: Kysely<Tables>,
  tenant: string,
  profile: UserProfile,
): Promise<Row | undefined> {
  return db
    .insertInto('app_user')
    .values({ tenant_id: tenant, ...profile })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

async function update(
  db: Kysely<Tables>,
  tenant: string,
  profile: UserProfile,
): Promise<{ row: Row; told: boolean }> {
  const { id, ...fields } = profile;
  const before = await db
    .selectFrom('app_user')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
  const after = { ...before, ...fields };
  const told = after.name !== before.name || after.avatar_url !== before.avatar_url;
  const row = await db
    .updateTable('app_user')
    .set({ ...fields, ...(told ? { updated_at: sql<Date>`clock_timestamp()` } : {}) })
    .where('tenant_id', '=', tenant)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { row, told };
}

async function tell({ db, bus }: Parts, tenant: string, row: Row): Promise<void> {
  const event: FleetingEvent = {
    event: 'user.updated',
    user: {
      id: row.id,
      name: row.name,
      avatar_url: row.avatar_url,
      updated_at: row.updated_at.toISOString(),
    },
  };
  const frame = JSON.stringify(event);
  const conversations = await db.sql
    .selectFrom('member')
    .innerJoin('conversation', (join) =>
      join
        .onRef('conversation.tenant_id', '=', 'member.tenant_id')
        .onRef('conversation.id', '=', 'member.conversation_id'),
    )
    .select('conversation.id')
    .where('member.tenant_id', '=', tenant)
    .where('member.user_id', '=', row.id)
    .where('member.left_at', 'is', null)
    .orderBy('conversation.last_activity_at', 'desc')
    .limit(toldConversations)
    .execute();
  const topics: Topic[] = [
    userTopic(tenant, row.id),
    ...conversations.map(({ id }) => conversationTopic(tenant, id)),
  ];
  for (const topic of topics) bus.publish(topic, [{ type: 'fleeting', frame }]);
}

function toRecord(row: Row): UserRecord {
  return {
    id: row.id,
    name: row.name,
    avatar_url: row.avatar_url,
    email: row.email,
    locale: row.locale,
    role: row.role,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
