import type { Statement } from '../db/database.ts';

/**
 * What the append path says to PostgreSQL; every statement finds its few rows by their whole key.
 *
 * The planner knows neither the length of an array nor, in a young database, the size of a table:
 * it takes any index whose first columns are given for as good as the key, and would read all
 * members of a tenant for each message. So no other index may fit: those on the same first columns
 * are partial, and no statement here says what they ask for (`left_at is null`, say).
 */
export const statements = {
  begin: { name: 'append_begin', text: 'begin' },
  commit: { name: 'append_commit', text: 'commit' },
  // In key order, and never waiting: sends of a conversation that is held elsewhere join a later
  // group, the others go on.
  lock: {
    name: 'append_lock',
    text: `
      select wanted.n::int as n, conversation.last_seq, conversation.version, conversation.kind,
        conversation.blocked, conversation.last_activity_at
      from unnest($1::text[], $2::uuid[]) with ordinality as wanted (tenant_id, id, n)
      join conversation on conversation.tenant_id = wanted.tenant_id and conversation.id = wanted.id
      order by conversation.tenant_id, conversation.id
      for no key update of conversation skip locked`,
  },
  // Only those come back whose access has ended. Tenants and keys are few for many senders, so they
  // are asked for apart. Each row is a question of its own (lateral with a limit, scalars): a join or
  // an `exists` of small tables would go through all of them.
  ended: {
    name: 'append_ended',
    text: `
      select wanted.n::int as sender, null::int as door, person.fault
      from unnest($1::text[], $2::text[], $3::timestamptz[])
        with ordinality as wanted (tenant_id, user_id, issued_at, n)
      cross join lateral (
        select case when app_user.deactivated_at is not null then 'deactivated'
          when app_user.tokens_valid_from > wanted.issued_at then 'revoked' end as fault
        from app_user
        where app_user.tenant_id = wanted.tenant_id and app_user.id = wanted.user_id limit 1
      ) as person
      where person.fault is not null
      union all
      select null, door.n, case when door.vouched then 'suspended' else 'key' end
      from (
        select wanted.n::int as n,
          (
            select true from signing_key
            where signing_key.tenant_id = wanted.tenant_id and signing_key.kid = wanted.kid
              and signing_key.registration = wanted.registration
          ) as vouched,
          (select tenant.suspended_at is not null from tenant where tenant.id = wanted.tenant_id)
            as suspended
        from unnest($4::text[], $5::text[], $6::uuid[])
          with ordinality as wanted (tenant_id, kid, registration, n)
        offset 0
      ) as door
      where door.suspended or door.vouched is null`,
  },
  members: {
    name: 'append_members',
    text: `
      select wanted.n::int as n, member.left_at
      from unnest($1::text[], $2::uuid[], $3::text[])
        with ordinality as wanted (tenant_id, conversation_id, user_id, n)
      join member using (tenant_id, conversation_id, user_id)`,
  },
  existing: {
    name: 'append_existing',
    text: `
      select wanted.n::int as n, message.seq, message.created_version, message.created_at,
        message.content_hash
      from unnest($1::text[], $2::uuid[], $3::uuid[])
        with ordinality as wanted (tenant_id, conversation_id, id, n)
      join message using (tenant_id, conversation_id, id)`,
  },
  // One may only reply to what one can see.
  quoted: {
    name: 'append_quoted',
    text: `
      select wanted.n::int as n
      from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[])
        with ordinality as wanted (tenant_id, conversation_id, id, user_id, n)
      join message using (tenant_id, conversation_id, id)
      join member using (tenant_id, conversation_id, user_id)
      where message.seq >= member.joined_seq`,
  },
  insert: {
    name: 'append_insert',
    text: `
      insert into message (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash,
        reply_to, created_version, version, created_at)
      select tenant_id, conversation_id, seq, id, sender_id, 'text', body, content_hash,
        reply_to, version, version, created_at
      from unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[],
        $7::bytea[], $8::uuid[], $9::bigint[], $10::timestamptz[])
        as sent (tenant_id, conversation_id, seq, id, sender_id, body, content_hash, reply_to,
          version, created_at)`,
  },
  advance: {
    name: 'append_advance',
    text: `
      update conversation
      set last_seq = sent.last_seq, version = sent.version, last_activity_at = sent.at
      from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[])
        as sent (tenant_id, id, last_seq, version, at)
      where conversation.tenant_id = sent.tenant_id and conversation.id = sent.id`,
  },
} as const satisfies Readonly<Record<string, Statement>>;

/** Settings of the append connection: plans by key, made once, whatever the size of a group. */
export const planSettings = [
  'enable_seqscan = off',
  'enable_hashjoin = off',
  'enable_mergejoin = off',
  'enable_material = off',
  'plan_cache_mode = force_generic_plan',
] as const;
