import {
  type ConversationRow,
  effectiveRole,
  limits,
  type MemberRole,
  newId,
  ParleyError,
} from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import type { Reach } from '../policy/reach.ts';
import { type Reached, reachPeople } from '../users/reach-people.ts';
import { readConversationRows } from './conversation-rows.ts';
import { directKey } from './direct-key.ts';
import { type Newcomer, publishJoined } from './publish-joined.ts';

/** A conversation to be made. */
export interface NewConversation {
  readonly kind: 'direct' | 'group';
  /** The others; naming oneself is allowed and changes nothing. */
  readonly members: readonly string[];
  readonly name?: string;
  /** The id to give it: a repeat with the same id is the same conversation. */
  readonly conversation?: string;
}

/** A conversation that was asked for, as the acting person's list shows it. */
export interface Made {
  readonly conversation: ConversationRow;
  /** False when it was there before: a repeat, or a pair that has its conversation already. */
  readonly created: boolean;
}

/** Whoever makes it: a person, or the host product's server in a person's name. */
type Maker = Pick<Context, 'scope' | 'db' | 'bus' | 'now'>;

/** Says in the transaction how far the maker reaches, or throws. */
type Authorize = (trx: Kysely<Tables>) => Promise<Reach>;

/**
 * Makes a conversation of people whom the maker reaches, or returns the one that there is.
 *
 * A direct conversation that exists is returned whomever the maker reaches now.
 */
export async function makeConversation(
  ctx: Maker,
  input: NewConversation,
  authorize: Authorize,
): Promise<Made> {
  const { user } = ctx.scope;
  const others = [...new Set(input.members)].filter((member) => member !== user);
  const made = await ctx.db.sql.transaction().execute(async (trx) => {
    const reach = await authorize(trx);
    // Authority first: what is wrong with it is told to those who may.
    refuseNumber(input.kind, others.length);
    const id = await insertConversation(ctx, trx, input, others);
    if (id === null) return null;
    const people = await reachPeople(trx, ctx.scope, [user, ...others].sort(), {
      act: input.kind,
      reach,
      unknown: new ParleyError('not_found', {
        field: 'members',
        message: 'Somebody named does not exist here. Nothing was made.',
      }),
    });
    await insertMembers(ctx, trx, input.kind, id, people);
    const [row] = await readConversationRows(trx, ctx.scope, [id]);
    return row === undefined ? null : { row, people };
  });
  if (made === null) {
    return { conversation: await existingConversation(ctx, input, others), created: false };
  }
  publishJoined(ctx, made.row, newcomers(ctx, input.kind, made.people));
  return { conversation: made.row, created: true };
}

function refuseNumber(kind: 'direct' | 'group', others: number): void {
  if (kind === 'direct' && others !== 1) {
    throw new ParleyError('bad_request', {
      field: 'members',
      message: 'A direct conversation is with exactly one other person.',
    });
  }
  if (others + 1 > limits.membersPerGroup) throw new ParleyError('too_many', { field: 'members' });
}

/** What each of the first people is: no input says so, and nobody can choose. */
function roleOf(
  { scope }: Maker,
  kind: 'direct' | 'group',
  [user, { tenantRole }]: readonly [string, Reached],
): MemberRole {
  // A guest for whom the host makes a group does not own it: nobody does.
  const owns = kind === 'group' && user === scope.user && tenantRole !== 'guest';
  return owns ? 'owner' : 'member';
}

function newcomers(
  ctx: Maker,
  kind: 'direct' | 'group',
  people: ReadonlyMap<string, Reached>,
): ReadonlyMap<string, Newcomer> {
  const told = [...people].map((person) => {
    const [user, { me, tenantRole }] = person;
    const role = roleOf(ctx, kind, person);
    return [
      user,
      { me, role: kind === 'direct' ? role : effectiveRole(role, tenantRole) },
    ] as const;
  });
  return new Map(told);
}

async function insertConversation(
  ctx: Maker,
  trx: Kysely<Tables>,
  input: NewConversation,
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
  ctx: Maker,
  trx: Kysely<Tables>,
  kind: 'direct' | 'group',
  conversation: string,
  people: ReadonlyMap<string, Reached>,
): Promise<void> {
  await trx
    .insertInto('member')
    .values(
      [...people].map((person) => ({
        tenant_id: ctx.scope.tenant,
        conversation_id: conversation,
        user_id: person[0],
        role: roleOf(ctx, kind, person),
        joined_seq: 1,
        joined_version: 1,
        me_version: person[1].me,
        version: 1,
      })),
    )
    .execute();
}

async function existingConversation(
  ctx: Maker,
  input: NewConversation,
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
