import type { DatabaseAddress } from '../../db/address.ts';
import { withSession } from '../../db/testing/test-database.ts';

/**
 * What is wrong with the numbers of a database: `seq` and `version` of every conversation are without
 * holes up to its head, where nothing was changed twice.
 */
export async function holesIn(
  address: DatabaseAddress,
): Promise<{ readonly messages: number; readonly holes: readonly unknown[] }> {
  return withSession(address, async (session) => {
    const { rows: holes } = await session.query(`
      select id, last_seq, version, messages, highest, newest from conversation
      cross join lateral (
        select count(*) as messages, coalesce(max(seq), 0) as highest,
          coalesce(max(message.version), 1) as newest
        from message where message.tenant_id = conversation.tenant_id
          and conversation_id = conversation.id
      ) as counted
      where messages <> last_seq - first_seq + 1 or highest <> last_seq or newest > version
        or not exists (
          select from member where member.tenant_id = conversation.tenant_id
            and conversation_id = conversation.id and member.version <= conversation.version
        )
        or exists (
          select from member where member.tenant_id = conversation.tenant_id
            and conversation_id = conversation.id
            and (member.version > conversation.version or read_seq > last_seq)
        )`);
    const { rows } = await session.query<{ count: number }>(
      'select count(*) as count from message',
    );
    return { messages: rows[0]?.count ?? 0, holes };
  });
}
