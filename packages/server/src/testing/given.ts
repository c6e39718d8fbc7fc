import type { MemberRole, TenantRole } from '@parley/protocol';
import { sql } from 'kysely';
import type { TenantSettings } from '../db/tables.ts';
import type { TestServer, TestTenant } from './test-server.ts';

/** What a test needs to be there already, written without the way that people write it. */
interface Place {
  readonly server: TestServer;
  readonly tenant: Pick<TestTenant, 'id'>;
  readonly conversation: string;
}

/** What a tenant has decided, from now on. */
export async function givenSettings(
  server: TestServer,
  tenant: Pick<TestTenant, 'id'>,
  settings: TenantSettings,
): Promise<void> {
  await server.database.sql
    .updateTable('tenant')
    .set({ settings: JSON.stringify(settings) })
    .where('id', '=', tenant.id)
    .execute();
}

/** Lets members of a tenant's groups rename and add people. */
export function givenOpenGroups(server: TestServer, tenant: Pick<TestTenant, 'id'>): Promise<void> {
  return givenSettings(server, tenant, { members_may: ['rename', 'add'] });
}

/** Gives a person a role in the tenant, which nobody is told of. */
export async function givenTenantRole(
  server: TestServer,
  tenant: Pick<TestTenant, 'id'>,
  user: string,
  role: TenantRole,
): Promise<void> {
  await server.database.sql
    .updateTable('app_user')
    .set({ role })
    .where('tenant_id', '=', tenant.id)
    .where('id', '=', user)
    .execute();
}

/** Gives a member a role in a group, without a version: nobody is told of it. */
export async function givenRole(place: Place, user: string, role: MemberRole): Promise<void> {
  await place.server.database.sql
    .updateTable('member')
    .set({ role })
    .where('tenant_id', '=', place.tenant.id)
    .where('conversation_id', '=', place.conversation)
    .where('user_id', '=', user)
    .execute();
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
    returning id`.execute(server.database.sql);
  return rows.map((row) => row.id).sort();
}

/** Groups of one person alone, each with this many messages of theirs: their ids, in order. */
export async function givenGroups(
  server: TestServer,
  tenant: TestTenant,
  owner: string,
  count: number,
  messages = 0,
): Promise<string[]> {
  return server.database.sql.transaction().execute(async (trx) => {
    const { rows } = await sql<{ id: string }>`
      insert into conversation (tenant_id, id, kind, member_count, last_seq, version,
        last_activity_at, created_by, created_at)
      select ${tenant.id}, gen_random_uuid(), 'group', 1, ${messages}::int, ${messages}::int + 1,
        now() - n * interval '1 minute', ${owner}, now() from generate_series(1, ${count}) as n
      returning id`.execute(trx);
    const ids = rows.map((row) => row.id).sort();
    await sql`
      with person as (
        update app_user set version = version + ${count}
        where tenant_id = ${tenant.id} and id = ${owner} returning version
      )
      insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
        me_version, version)
      select ${tenant.id}, made.id, ${owner}, 'owner', 1, 1, version - ${count} + made.n, 1
      from person, unnest(${ids}::uuid[]) with ordinality as made (id, n)`.execute(trx);
    await sql`
      insert into message (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash,
        created_version, version, created_at)
      select ${tenant.id}, made.id, n, gen_random_uuid(), ${owner}, 'text', 'given', '', n + 1, n + 1, now()
      from unnest(${ids}::uuid[]) as made (id), generate_series(1, ${messages}) as n`.execute(trx);
    return ids;
  });
}

/** Makes these people founding members of a conversation: none of them has to hear of it. */
export async function givenMembers(place: Place, users: readonly string[]): Promise<void> {
  const { server, tenant, conversation } = place;
  await server.database.sql.transaction().execute(async (trx) => {
    await sql`
      with bumped as (
        update app_user set version = version + 1
        where tenant_id = ${tenant.id} and id = any(${users}::text[]) returning id, version
      )
      insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
        me_version, version)
      select ${tenant.id}, ${conversation}, id, 'member', 1, 1, version, 1 from bumped`.execute(
      trx,
    );
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
    from head, generate_series(1, ${count}) as n`.execute(server.database.sql);
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
    returning message.version`.execute(server.database.sql);
  const [row] = rows;
  if (row === undefined) throw new Error(`There is no message ${seq}.`);
  return row.version;
}
