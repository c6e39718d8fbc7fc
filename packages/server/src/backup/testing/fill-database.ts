import type { Client } from 'pg';
import type { DatabaseAddress } from '../../db/address.ts';
import { withSession } from '../../db/testing/test-database.ts';

/** Puts rows into every table, for two tenants whose ids are alike; with everything that is odd in text. */
export async function fillDatabase(
  address: DatabaseAddress,
  messages = 500,
  { keepKey = false } = {},
): Promise<void> {
  await withSession(address, async (session) => {
    for (const tenant of ['acme', 'acme-2']) await fillTenant(session, tenant, messages);
    if (!keepKey) await session.query(`update installation set key_fingerprint = '\\x0102'`);
  });
}

async function fillTenant(session: Client, tenant: string, messages: number): Promise<void> {
  const odd = 'tab\there\nline \\N \\. \\x41 "quoted", Zoë 🙂 \u0001';
  await session.query(
    `insert into tenant (id, name, settings) values ($1, $2, '{"a": [1, null]}')`,
    [tenant, odd],
  );
  await session.query(
    `insert into app_user (tenant_id, id, name, email, version, deactivated_at)
    select $1, id, $2, null, 7, case id when '\\N' then '2020-02-30'::timestamptz end
    from unnest(array['ann', 'bob', '\\N', '']) as id`.replace('2020-02-30', '2020-02-29'),
    [tenant, odd],
  );
  await session.query(
    `insert into api_key (tenant_id, id, secret_hash, name, scopes) values ($1, 'k', '\\x00ff5c', '', '{a,"b,c"}')`,
    [tenant],
  );
  await session.query(`insert into key_source (tenant_id, id, url) values ($1, 's', 'https://k')`, [
    tenant,
  ]);
  await session.query(
    `insert into signing_key (tenant_id, kid, algorithm, secret, public_key, source_id) values
      ($1, 'a', 'HS256', '\\x5c6e', null, null), ($1, 'b', 'ES256', null, '{"kty":"EC"}', 's')`,
    [tenant],
  );
  await session.query(`insert into block values ($1, 'ann', 'bob', '-infinity')`, [tenant]);
  await session.query(
    `insert into audit_entry (tenant_id, id, at, actor_kind, action)
    values ($1, gen_random_uuid(), now(), 'system', 'x')`,
    [tenant],
  );
  await session.query(
    `insert into conversation (tenant_id, id, kind, name, version, last_seq, member_count,
      last_activity_at, created_by, created_at)
    select $1, gen_random_uuid(), 'group', $2, $3 + 1, $3, 2, now(), 'ann', now()
    from generate_series(1, 3)`,
    [tenant, odd, messages],
  );
  await session.query(
    `insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
      me_version, version)
    select tenant_id, id, who, 'member', 1, 1, 1, 1
    from conversation cross join unnest(array['ann', 'bob']) as who where tenant_id = $1`,
    [tenant],
  );
  await session.query(
    `insert into message (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash,
      act, created_version, version, created_at)
    select tenant_id, id, seq, gen_random_uuid(), 'ann', 'text', $2 || repeat('x', seq % 300),
      sha256('a'), case seq when 2 then '{"type": "left"}'::jsonb end, seq + 1,
      seq + 1, now() + seq * interval '1 microsecond'
    from conversation cross join generate_series(1, $3::integer) as seq where tenant_id = $1`,
    [tenant, odd, messages],
  );
}

/** Whether what is in one database is in the other: by table, how many rows and what is in them. */
export async function digestTables(address: DatabaseAddress): Promise<Record<string, string>> {
  return withSession(address, async (session) => {
    const { rows: tables } = await session.query<{ name: string }>(`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`);
    const digests: Record<string, string> = {};
    for (const { name } of tables) {
      // Renewed, run anew, about the moment.
      const as =
        name === 'installation'
          ? "to_jsonb(one) - 'epoch'"
          : name === 'migration'
            ? "to_jsonb(one) - 'applied_at'"
            : 'to_jsonb(one)';
      if (name === 'node') continue;
      const { rows } = await session.query<{ digest: string }>(
        `select count(*) || ' rows, ' || md5(coalesce(string_agg((${as})::text, ',' order by (${as})::text collate "C"), ''))
          as digest from ${session.escapeIdentifier(name)} as one`,
      );
      digests[name] = rows[0]?.digest ?? '';
    }
    return digests;
  });
}

export async function epochOf(address: DatabaseAddress): Promise<string> {
  return withSession(address, async (session) => {
    const { rows } = await session.query<{ epoch: string }>('select epoch from installation');
    return rows[0]?.epoch ?? '';
  });
}
