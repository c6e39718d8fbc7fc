import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import type { Run } from '../kit/run.ts';
import { withDatabase } from '../kit/with-database.ts';

const perConversation = 1_000;
const perStatement = 100_000;

/** Writes this many messages of a tenant's people straight into the tables, a thousand to a group. */
export async function fillMessages(
  run: Run,
  address: DatabaseAddress,
  tenant: string,
  messages: number,
): Promise<void> {
  const groups = Math.ceil(messages / perConversation);
  await withDatabase(address, async (session) => {
    // Rolled back together if it is cut off, and not waited for by commits of others.
    await session.query('begin');
    await session.query(
      `insert into conversation (tenant_id, id, kind, name, last_seq, version, member_count,
        last_activity_at, created_by, created_at)
      select $1, gen_random_uuid(), 'group', 'Group ' || n, $2::bigint, $2::bigint + 1, 2, now(),
        'ann', now()
      from generate_series(1, $3::integer) as n`,
      [tenant, perConversation, groups],
    );
    await session.query(
      `insert into member (tenant_id, conversation_id, user_id, role, joined_seq, joined_version,
        me_version, version)
      select tenant_id, id, who, 'member', 1, 1, row_number() over (partition by who order by id), 1
      from conversation cross join unnest(array['ann', 'bob']) as who where tenant_id = $1`,
      [tenant],
    );
    for (let done = 0; done < groups; done += perStatement / perConversation) {
      await session.query(
        `insert into message (tenant_id, conversation_id, seq, id, sender_id, kind, body,
          content_hash, created_version, version, created_at)
        select tenant_id, id, seq, gen_random_uuid(),
          case seq % 3 when 0 then 'ann' else 'bob' end, 'text',
          md5(id::text || seq) || ' ' || md5(seq || 'x') || repeat(' and so on', (seq % 7)::integer),
          sha256('x'), seq + 1, seq + 1, now()
        from (
          select tenant_id, id from conversation where tenant_id = $1 order by id offset $2::integer limit $3::integer
        ) as conversation
        cross join generate_series(1::bigint, $4::bigint) as seq`,
        [tenant, done, perStatement / perConversation, perConversation],
      );
    }
    await session.query('update app_user set version = $2 where tenant_id = $1', [tenant, groups]);
    await session.query('commit');
    await session.query('analyze');
  });
  run.say(`  ${messages} messages in ${groups} groups`);
}
