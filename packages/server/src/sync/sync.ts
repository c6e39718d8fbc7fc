import {
  type ConversationChanges,
  limits,
  ParleyError,
  type SyncResult,
  type User,
} from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import { readBlocked } from '../blocks/list-blocked.ts';
import type { Context } from '../context.ts';
import { readConversationRows, readMarks } from '../conversations/conversation-rows.ts';
import type { Tables } from '../db/tables.ts';
import type { Scope } from '../scope.ts';
import { profileStamp } from '../users/profile-stamp.ts';
import { KnownConversations } from './known-conversations.ts';

/** What a client knows, and wants brought up to date. */
export interface Sync {
  readonly epoch?: string;
  readonly me: number;
  readonly known: ReadonlyMap<string, { readonly version: number; readonly last_seq: number }>;
  readonly at?: string;
}

/** Renames committed while the last answer was read are told again rather than missed. */
export const overlapSeconds = 10;

/**
 * Brings a client from what it knows to what is: one call after any absence.
 *
 * Heads and rows come from one snapshot. What does not fit one answer says `has_more` or `more`;
 * what cannot be caught up says `reset` and carries the newest page instead.
 */
export function sync(ctx: Pick<Context, 'db' | 'scope'>, input: Sync): Promise<SyncResult> {
  const at = parseAt(input.at);
  return ctx.db.sql
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const head = await readPersonalHead(trx, ctx.scope);
      const sameHistory = input.epoch === undefined || input.epoch === head.epoch;
      const known = await KnownConversations.read(trx, ctx.scope, input.known, sameHistory);
      const conversations: ConversationChanges[] = await known.readChanges();
      const marks = await readMarks(trx, ctx.scope, known.ids);
      // After another history's numbers, everything is news.
      const me = sameHistory && input.me <= head.me ? input.me : 0;
      const { added, more, upTo } = await readAdded(trx, ctx.scope, me);
      return {
        epoch: head.epoch,
        me: more ? upTo : head.me,
        at: head.at,
        conversations: conversations.map((one) => ({ ...one, marks: marks.get(one.id) ?? {} })),
        added: await readConversationRows(trx, ctx.scope, added),
        more,
        removed: known.removed,
        users: at === undefined ? [] : await readRenamed(trx, ctx.scope, at),
        blocked: await readBlocked(trx, ctx.scope),
        blocked_version: head.blocksVersion,
      };
    });
}

/** Reads the time of a client's last answer. */
export function parseAt(at: string | undefined): Date | undefined {
  if (at === undefined) return undefined;
  const date = new Date(at);
  // Nothing but what `toISOString` writes: years beyond its four digits PostgreSQL cannot hold.
  if (!/^\d{4}-[\d:T.-]{18}Z$/.test(at) || Number.isNaN(date.getTime())) {
    throw new ParleyError('bad_request', {
      field: 'at',
      message: '`at` must be the `at` of an earlier answer.',
    });
  }
  return date;
}

async function readPersonalHead(
  db: Kysely<Tables>,
  scope: Scope,
): Promise<{ epoch: string; me: number; blocksVersion: number; at: string }> {
  const { rows } = await sql<{ epoch: string; version: number; blocks_version: number; at: Date }>`
    select installation.epoch, app_user.version, app_user.blocks_version, now() as at
    from installation cross join app_user
    where app_user.tenant_id = ${scope.tenant} and app_user.id = ${scope.user}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new ParleyError('unauthorized');
  return {
    epoch: row.epoch,
    me: row.version,
    blocksVersion: row.blocks_version,
    at: row.at.toISOString(),
  };
}

async function readAdded(
  db: Kysely<Tables>,
  scope: Scope,
  me: number,
): Promise<{ added: string[]; more: boolean; upTo: number }> {
  const rows = await db
    .selectFrom('member')
    .select(['conversation_id', 'me_version'])
    .where('tenant_id', '=', scope.tenant)
    .where('user_id', '=', scope.user)
    .where('left_at', 'is', null)
    .where('me_version', '>', me)
    .orderBy('me_version')
    .limit(limits.addedPerSync + 1)
    .execute();
  const page = rows.slice(0, limits.addedPerSync);
  return {
    added: page.map((row) => row.conversation_id),
    more: rows.length > limits.addedPerSync,
    upTo: page.at(-1)?.me_version ?? me,
  };
}

async function readRenamed(db: Kysely<Tables>, scope: Scope, at: Date): Promise<User[]> {
  const { rows } = await sql<User>`
    with mine as materialized (
      select conversation_id from member
      where tenant_id = ${scope.tenant} and user_id = ${scope.user} and left_at is null
    ), renamed as materialized (
      select id, name, avatar_url, ${profileStamp} as updated_at from app_user
      where tenant_id = ${scope.tenant}
        and updated_at > ${at}::timestamptz - ${overlapSeconds} * interval '1 second'
        and updated_at > '-infinity'
    )
    select renamed.id, renamed.name, renamed.avatar_url, renamed.updated_at
    from renamed
    -- For each by themselves: without statistics, and behind the tenant's wall, the planner would go
    -- through all members of the tenant for everybody who was renamed.
    cross join lateral (
      select from member as theirs
      where theirs.tenant_id = ${scope.tenant} and theirs.user_id = renamed.id
        and theirs.left_at is null
        and theirs.conversation_id = any(array(select conversation_id from mine))
      limit 1
    ) as shared
    order by renamed.updated_at desc limit ${limits.knownPerSync}`.execute(db);
  return [...rows];
}
