import { type ConversationRow, limits, newId, ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import { bumpPeople } from '../users/bump-people.ts';
import { readConversationRows } from './conversation-rows.ts';
import { directKey } from './direct-key.ts';
import { publishJoined } from './publish-joined.ts';

interface CreateConversation {
  readonly kind: 'direct' | 'group';
  /** The others; naming oneself is allowed and changes nothing. */
  readonly members: readonly string[];
  readonly name?: string;
  /** The id to give it: a repeat with the same id is the same conversation. */
  readonly conversation?: string;
}

interface Created {
  readonly conversation: ConversationRow;
  /** False when it was there before: a repeat, or a pair that has its conversation already. */
  readonly created: boolean;
}

/**
 * Makes a conversation; a pair's direct conversation exists once, whoever asks first.
 *
 * Throws `not_found` when anybody named does not exist (nothing is made then), `id_reused` when the
 * id names another conversation.
 */
export async function createConversation(
  ctx: Context,
  input: CreateConversation,
): Promise<Created> {
  const { user } = ctx.scope;
  const others = [...new Set(input.members)].filter((member) => member !== user);
  if (input.kind === 'direct' && others.length !== 1) {
    throw new ParleyError('bad_request', {
      field: 'members',
      message: 'A direct conversation is with exactly one other person.',
    });
  }
  if (others.length + 1 > limits.membersPerGroup) {
    throw new ParleyError('too_many', { field: 'members' });
  }
  const people = [user, ...others].sort();
  const made = await ctx.db.sql.transaction().execute(async (trx) => {
    const id = await insertConversation(ctx, trx, input, others);
    if (id === null) return null;
    const versions = await bumpPeople(trx, ctx.scope.tenant, people);
    if (versions.size < people.length) {
      throw new ParleyError('not_found', {
        field: 'members',
        message: 'Somebody named does not exist here. Nothing was made.',
      });
    }
    await insertMembers(ctx, trx, input.kind, id, versions);
    const [row] = await readConversationRows(trx, ctx.scope, [id]);
    return row === undefined ? null : { row, versions };
  });
  if (made === null)
    return { conversation: await existingConversation(ctx, input, others), created: false };
  publishJoined(ctx, made.row, made.versions);
  return { conversation: made.row, created: true };
}

async function insertConversation(
  ctx: Context,
  trx: Kysely<Tables>,
  input: CreateConversation,
  others: readonly string[],
): Promise<string | null> {
  const now = new Date(ctx.now());
  const { tenant, user } = ctx.scope;
  const inserted = await trx
    .insertInto('conversation')
    .values({
      tenant_id: tenant,
      id: input.conversation ?? newId(),
      kind: input.kind,
      name: input.name ?? null,
      direct_key: input.kind === 'direct' ? directKey(user, others[0] ?? '') : null,
      member_count: others.length + 1,
      last_activity_at: now,
      created_by: user,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted?.id ?? null;
}

async function insertMembers(
  ctx: Context,
  trx: Kysely<Tables>,
  kind: 'direct' | 'group',
  conversation: string,
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  await trx
    .insertInto('member')
    .values(
      [...versions].map(([user, meVersion]) => ({
        tenant_id: ctx.scope.tenant,
        conversation_id: conversation,
        user_id: user,
        role:
          kind === 'group' && user === ctx.scope.user ? ('owner' as const) : ('member' as const),
        joined_seq: 1,
        joined_version: 1,
        me_version: meVersion,
        version: 1,
      })),
    )
    .execute();
}

async function existingConversation(
  ctx: Context,
  input: CreateConversation,
  others: readonly string[],
): Promise<ConversationRow> {
  const found = await ctx.db.sql
    .selectFrom('conversation')
    .select(['id', 'kind', 'created_by'])
    .where('tenant_id', '=', ctx.scope.tenant)
    .where((where) =>
      input.kind === 'direct'
        ? where('direct_key', '=', directKey(ctx.scope.user, others[0] ?? ''))
        : where('id', '=', input.conversation ?? ''),
    )
    .executeTakeFirst();
  // An id that somebody else uses is only ever told to be taken, never whose it is.
  const mine = input.kind === 'direct' || found?.created_by === ctx.scope.user;
  if (found === undefined || !mine || found.kind !== input.kind) {
    throw new ParleyError('id_reused', { field: 'conversation' });
  }
  const [row] = await readConversationRows(ctx.db.sql, ctx.scope, [found.id]);
  if (row === undefined) throw new ParleyError('id_reused', { field: 'conversation' });
  return row;
}
