import type { Client } from 'pg';

interface Edit {
  readonly tenant: string;
  readonly conversation: string;
  /** 0 is the newest message of text. */
  readonly back: number;
  readonly body: string;
}

/**
 * Edits a message as a later version of the server would: no command does it yet.
 *
 * The change takes a version under the conversation's lock; no node is told, so all of them have to
 * find it by comparing heads. Answers false where there is no such message.
 */
export async function editMessage(session: Client, edit: Edit): Promise<boolean> {
  const key = [edit.tenant, edit.conversation];
  await session.query('begin');
  await session.query(
    'select from conversation where tenant_id = $1 and id = $2 for no key update',
    key,
  );
  const { rows } = await session.query<{ seq: string }>(
    `select seq from message where tenant_id = $1 and conversation_id = $2 and kind = 'text'
     order by seq desc offset $3 limit 1`,
    [...key, edit.back],
  );
  const [row] = rows;
  if (row !== undefined) {
    await session.query(
      `with head as (
         update conversation set version = version + 1 where tenant_id = $1 and id = $2
         returning version
       )
       update message set body = $4, edited_at = now(), version = head.version
       from head where tenant_id = $1 and conversation_id = $2 and seq = $3`,
      [...key, row.seq, edit.body],
    );
  }
  await session.query('commit');
  return row !== undefined;
}
