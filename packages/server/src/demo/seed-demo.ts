import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { insertTenant } from '../tenants/create-tenant.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import { demoConversations } from './conversations.ts';
import { type DemoRows, demoRows } from './demo-rows.ts';
import { demoTenant } from './people.ts';

interface SeedOptions {
  readonly keys: SigningKeys;
  /** The clock, in milliseconds: the newest messages are some minutes older. */
  readonly now: () => number;
}

/**
 * Fills the demo tenant, once; answers `present` when it was there already.
 *
 * One transaction, which the tenant's own row guards: of two servers that start at once the second
 * waits for the first and finds its work done, and a seeding that was cut off leaves nothing.
 */
export async function seedDemo(
  db: Database,
  { keys, now }: SeedOptions,
): Promise<'seeded' | 'present'> {
  const found = await db
    .of(demoTenant.id)
    .sql.selectFrom('tenant')
    .select('id')
    .where('id', '=', demoTenant.id)
    .executeTakeFirst();
  if (found !== undefined) return 'present';
  // Before the transaction, which must not wait for us.
  const rows = demoRows(demoConversations(now()));
  return db
    .of(demoTenant.id)
    .sql.transaction()
    .execute(async (trx) => {
      // The other server's seeding may take longer than any ordinary lock.
      await sql`set local lock_timeout = '60s'`.execute(trx);
      await sql`set local statement_timeout = '60s'`.execute(trx);
      const made = await insertTenant(trx, keys, demoTenant);
      if (made === undefined) return 'present';
      await insertPeople(trx, rows);
      await insertConversations(trx, rows);
      await insertMembers(trx, rows);
      await insertMessages(trx, rows);
      return 'seeded';
    });
}

// Each table in one statement: its rows travel as one JSON text.

async function insertPeople(trx: Kysely<Tables>, { people }: DemoRows): Promise<void> {
  await sql`
    insert into app_user
      (tenant_id, id, name, avatar_url, locale, version, last_seen_at, created_at, updated_at)
    select ${demoTenant.id}, id, name, avatar_url, locale, version, last_seen_at, created_at, created_at
    from json_to_recordset(${JSON.stringify(people)}::json) as person (
      id text, name text, avatar_url text, locale text, version bigint,
      last_seen_at timestamptz, created_at timestamptz
    )`.execute(trx);
}

async function insertConversations(
  trx: Kysely<Tables>,
  { conversations }: DemoRows,
): Promise<void> {
  await sql`
    insert into conversation
      (tenant_id, id, kind, name, direct_key, last_seq, version, member_count, last_activity_at,
        created_by, created_at)
    select ${demoTenant.id}, id, kind, name, direct_key, last_seq, version, member_count,
      last_activity_at, created_by, created_at
    from json_to_recordset(${JSON.stringify(conversations)}::json) as conversation (
      id uuid, kind text, name text, direct_key text, last_seq bigint, version bigint,
      member_count integer, last_activity_at timestamptz, created_by text, created_at timestamptz
    )`.execute(trx);
}

async function insertMembers(trx: Kysely<Tables>, { members }: DemoRows): Promise<void> {
  await sql`
    insert into member
      (tenant_id, conversation_id, user_id, role, joined_seq, joined_version, me_version, read_seq,
        delivered_seq, version)
    select ${demoTenant.id}, conversation_id, user_id, role, 1, 1, me_version, read_seq,
      delivered_seq, 1
    from json_to_recordset(${JSON.stringify(members)}::json) as member (
      conversation_id uuid, user_id text, role text, me_version bigint, read_seq bigint,
      delivered_seq bigint
    )`.execute(trx);
}

async function insertMessages(trx: Kysely<Tables>, { messages }: DemoRows): Promise<void> {
  await sql`
    insert into message
      (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash, reply_to,
        created_version, version, created_at)
    select ${demoTenant.id}, conversation_id, seq, id, sender_id, 'text', body,
      decode(content_hash, 'hex'), reply_to, version, version, created_at
    from json_to_recordset(${JSON.stringify(messages)}::json) as message (
      conversation_id uuid, seq bigint, id uuid, sender_id text, body text, content_hash text,
      reply_to uuid, version bigint, created_at timestamptz
    )`.execute(trx);
}
