import { type CommandResult, isUuid, limits, ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { readConversationRows } from './conversation-rows.ts';

interface ListConversations {
  readonly cursor?: string;
  readonly limit?: number;
}

/**
 * The acting person's conversations, newest activity first.
 *
 * The cursor holds the last row's place, so a page never repeats rows of the one before; what moves
 * up meanwhile arrives as an event.
 */
export async function listConversations(
  ctx: Context,
  input: ListConversations,
): Promise<CommandResult<'conversation.list'>> {
  const limit = input.limit ?? limits.page;
  const after = input.cursor === undefined ? undefined : parseCursor(input.cursor);
  const { rows } = await sql<{ id: string; at: string }>`
    with mine as materialized (
      select tenant_id, conversation_id from member
      where tenant_id = ${ctx.scope.tenant} and user_id = ${ctx.scope.user} and left_at is null
    )
    select conversation.id, extract(epoch from conversation.last_activity_at)::text as at
    from mine
    join conversation on conversation.tenant_id = mine.tenant_id
      and conversation.id = mine.conversation_id
      ${
        after === undefined
          ? sql``
          : sql`where (conversation.last_activity_at, conversation.id)
              < (to_timestamp(${after.at}::double precision), ${after.id}::uuid)`
      }
    order by conversation.last_activity_at desc, conversation.id desc
    limit ${limit + 1}`.execute(ctx.db.sql);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const conversations = await readConversationRows(
    ctx.db.sql,
    ctx.scope,
    page.map((row) => row.id),
  );
  const cursor = rows.length > limit && last !== undefined ? `${last.at}_${last.id}` : null;
  return { conversations, cursor };
}

function parseCursor(cursor: string): { at: string; id: string } {
  const [at = '', id = ''] = cursor.split('_');
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(at) || !isUuid(id)) {
    throw new ParleyError('bad_request', {
      field: 'cursor',
      message: 'The cursor is not one that a list gave. Start without one.',
    });
  }
  return { at, id };
}
