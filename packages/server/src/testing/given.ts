import { sql } from 'kysely';
import type { TestServer, TestTenant } from './test-server.ts';

/** What a test needs to be there already, written without the way that people write it. */
interface Place {
  readonly server: TestServer;
  readonly tenant: TestTenant;
  readonly conversation: string;
}

/** People `p00001`, `p00002`, ...: their ids, in order. */
export async function givenPeople(
  server: TestServer,
  tenant: TestTenant,
  count: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into app_user (tenant_id, id, name)
    select ${tenant.id}, 'p' || lpad(n::text, 5, '0'), 'Person ' || n from generate_series(1, ${count}) as n
    returning id`.execute(server.database.db.sql);
  return rows.map((row) => row.id).sort();
}

/** Makes these people founding members of a conversation: none of them has to hear of it. */
export async function givenMembers(place: Place, users: readonly string[]): Promise<void> {
  const { server, tenant, conversation } = place;
  await server.database.db.sql.transaction().execute(async (trx) => {
    await sql`
      with bumped as (
        update app_user set version = version + 1
        where tenant_id = ${tenant.id} and id = any(${users}::text[]) returning id, version
      )
      insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
        me_version, version)
      select ${tenant.id}, ${conversation}, id, 'member', 1, 1, version, 1 from bumped`.execute(trx);
    await sql`
      update conversation set member_count = member_count + ${users.length}
      where tenant_id = ${tenant.id} and id = ${conversation}`.execute(trx);
  });
}

/** Adds many messages of one person at once. */
export async function givenMessages(
  place: Place,
  sender: string,
  count: number,
  body = 'given',
): Promise<void> {
  const { server, tenant, conversation } = place;
  await sql`
    with head as (
      update conversation set last_seq = last_seq + ${count}, version = version + ${count}
      where tenant_id = ${tenant.id} and id = ${conversation} returning last_seq, version
    )
    insert into message (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash,
      created_version, version, created_at)
    select ${tenant.id}, ${conversation}, last_seq - ${count} + n, gen_random_uuid(), ${sender}, 'text',
      ${body}, '', version - ${count} + n, version - ${count} + n, now()
    from head, generate_series(1, ${count}) as n`.execute(server.database.db.sql);
}

/** Changes a message as editing and deleting will: it takes the conversation's next version. */
export async function givenChanged(
  place: Place,
  seq: number,
  change: { readonly body: string } | { readonly deleted: true },
): Promise<number> {
  const { server, tenant, conversation } = place;
  const set =
    'body' in change ? sql`body = ${change.body}, edited_at = now()` : sql`deleted_at = now()`;
  const { rows } = await sql<{ version: number }>`
    with head as (
      update conversation set version = version + 1
      where tenant_id = ${tenant.id} and id = ${conversation} returning version
    )
    update message set ${set}, version = head.version from head
    where tenant_id = ${tenant.id} and conversation_id = ${conversation} and seq = ${seq}
    returning message.version`.execute(server.database.db.sql);
  const [row] = rows;
  if (row === undefined) throw new Error(`There is no message ${seq}.`);
  return row.version;
}
