import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { withDatabase } from '../kit/with-database.ts';

/** A row of each table in a few words: how many, and what is in them. */
export type Contents = Readonly<Record<string, string>>;

/** What PostgreSQL says is in a database; the tables are found in its catalogue. */
export async function readContents(address: DatabaseAddress): Promise<Contents> {
  return withDatabase(address, async (session) => {
    const { rows: tables } = await session.query<{ name: string }>(`
      select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and relpersistence = 'p'
        and relname not in ('migration', 'installation')
      order by relname`);
    const contents: Record<string, string> = {};
    for (const { name } of tables) {
      const { rows } = await session.query<{ said: string }>(
        `select count(*) || ' rows, ' || coalesce(sum(hashtextextended(one::text, 0)::numeric), 0) as said
        from ${session.escapeIdentifier(name)} as one`,
      );
      contents[name] = rows[0]?.said ?? '';
    }
    return contents;
  });
}

/** Tables that are not the same in both. */
export function differences(one: Contents, other: Contents): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((name) => one[name] !== other[name])
    .map((name) => `${name}: ${one[name] ?? 'absent'} and ${other[name] ?? 'absent'}`);
}

/** The name of a database's history. */
export async function readEpoch(address: DatabaseAddress): Promise<string> {
  return withDatabase(address, async (session) => {
    const { rows } = await session.query<{ epoch: string }>('select epoch from installation');
    return rows[0]?.epoch ?? '';
  });
}

/** Every message by place, with who, what and which version: a log that can be compared. */
export async function readLogs(address: DatabaseAddress): Promise<ReadonlyMap<string, string[]>> {
  return withDatabase(address, async (session) => {
    const { rows } = await session.query<{ conversation: string; said: string }>(`
      select conversation_id as conversation,
        concat_ws(' ', seq, id, sender_id, created_version, md5(body)) as said
      from message order by tenant_id, conversation_id, seq`);
    const logs = new Map<string, string[]>();
    for (const { conversation, said } of rows) {
      const log = logs.get(conversation) ?? [];
      log.push(said);
      logs.set(conversation, log);
    }
    return logs;
  });
}

/** Conversations whose counters do not say what is there. */
export async function readFaults(address: DatabaseAddress): Promise<string[]> {
  return withDatabase(address, async (session) => {
    const { rows } = await session.query<{ fault: string }>(`
      select format('conversation %s: last_seq %s, version %s, %s messages up to %s, newest %s',
        id, last_seq, version, messages, highest, newest) as fault
      from conversation cross join lateral (
        select count(*) as messages, coalesce(max(seq), first_seq - 1) as highest,
          coalesce(max(message.version), 1) as newest
        from message where message.tenant_id = conversation.tenant_id
          and conversation_id = conversation.id
      ) as counted
      where messages <> last_seq - first_seq + 1 or highest <> last_seq or newest > version
      union all
      select format('member %s of %s: version %s, read %s', user_id, conversation_id, member.version,
        read_seq)
      from member join conversation on conversation.tenant_id = member.tenant_id
        and conversation.id = conversation_id
      where member.version > conversation.version or read_seq > last_seq or delivered_seq > last_seq
      limit 10`);
    return rows.map(({ fault }) => fault);
  });
}
