import {
  conversationTopic,
  type FleetingEvent,
  type PersonalEvent,
  presenceTopic,
  userTopic,
} from '@parley/protocol';
import type { Kysely } from 'kysely';
import { requireAccess } from '../access/require-access.ts';
import type { Context } from '../context.ts';
import { directKey } from '../conversations/direct-key.ts';
import type { Tables } from '../db/tables.ts';
import { bumpPeople } from '../users/bump-people.ts';

interface BlockChange {
  /** Whom the acting person blocks, or no longer does. */
  readonly user: string;
  readonly blocked: boolean;
  /** Writes it; answers false when it is so already: then nothing happens and nobody is told. */
  readonly write: (trx: Kysely<Tables>) => Promise<boolean>;
}

interface Changed {
  readonly me: number;
  /** The pair's direct conversation, and whether one of the two blocks the other now. */
  readonly direct: { readonly id: string; readonly blocked: boolean } | null;
}

/**
 * Changes whom the acting person blocks, together with what it means for the pair's conversation.
 *
 * Locks the conversation first and the person second, as everybody does. A send and a block are
 * ordered by the first lock, making a conversation and a block by the second. The blocked person
 * hears nothing, and nothing takes a version that they could see.
 */
export async function changeBlock(ctx: Context, change: BlockChange): Promise<void> {
  for (;;) {
    const done = await ctx.db.sql.transaction().execute((trx) => attempt(ctx, trx, change));
    if (done === 'again') continue;
    if (done !== null) tell(ctx, change, done);
    return;
  }
}

async function attempt(
  ctx: Context,
  trx: Kysely<Tables>,
  change: BlockChange,
): Promise<Changed | null | 'again'> {
  const before = await lockDirect(ctx, trx, change.user);
  await lockPerson(ctx, trx);
  // Made while this waited for the person: it has to be locked before the person. Direct
  // conversations are for ever, so the next attempt finds it.
  if (before === null && (await lockDirect(ctx, trx, change.user)) !== null) return 'again';
  await requireAccess(trx, ctx);
  if (!(await change.write(trx))) return null;
  const direct = before === null ? null : await markDirect(ctx, trx, before, change.user);
  return { me: await bumpBlocks(ctx, trx), direct };
}

/** Takes the person's next version, and notes that their blocks changed at it: see `sync`. */
async function bumpBlocks(ctx: Context, trx: Kysely<Tables>): Promise<number> {
  const { tenant, user } = ctx.scope;
  const versions = await bumpPeople(trx, tenant, [user]);
  const me = versions.get(user) ?? 0;
  await trx
    .updateTable('app_user')
    .set({ blocks_version: me })
    .where('tenant_id', '=', tenant)
    .where('id', '=', user)
    .execute();
  return me;
}

async function lockDirect(
  ctx: Context,
  trx: Kysely<Tables>,
  other: string,
): Promise<string | null> {
  const row = await trx
    .selectFrom('conversation')
    .select('id')
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('direct_key', '=', directKey(ctx.scope.user, other))
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Whoever makes a conversation with this person, or adds them to one, holds the same lock. */
async function lockPerson(ctx: Context, trx: Kysely<Tables>): Promise<void> {
  await trx
    .selectFrom('app_user')
    .select('id')
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('id', '=', ctx.scope.user)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** The conversation stays blocked while either blocks the other: read after the lock. */
async function markDirect(
  ctx: Context,
  trx: Kysely<Tables>,
  id: string,
  other: string,
): Promise<{ id: string; blocked: boolean }> {
  const { tenant, user } = ctx.scope;
  const pair = [user, other];
  const rows = await trx
    .selectFrom('block')
    .select('blocker_id')
    .where('tenant_id', '=', tenant)
    .where('blocker_id', 'in', pair)
    .where('blocked_id', 'in', pair)
    .execute();
  const blocked = rows.length > 0;
  await trx
    .updateTable('conversation')
    .set({ blocked })
    .where('tenant_id', '=', tenant)
    .where('id', '=', id)
    .execute();
  return { id, blocked };
}

function tell(ctx: Context, { user, blocked }: BlockChange, { me, direct }: Changed): void {
  const { bus, scope } = ctx;
  if (direct !== null) {
    bus.publish(conversationTopic(scope.tenant, direct.id), [
      { type: 'direct-block', blocked: direct.blocked },
    ]);
  }
  const event: PersonalEvent = { event: 'block.updated', me, user, blocked };
  bus.publish(userTopic(scope.tenant, scope.user), [
    { type: 'block', user, blocked, me, frame: JSON.stringify(event) },
  ]);
  if (!blocked) return;
  // From here on neither hears of the other's coming and going: the last word is that they are gone.
  goneFor(ctx, scope.user, user);
  goneFor(ctx, user, scope.user);
}

function goneFor(ctx: Context, user: string, watcher: string): void {
  const event: FleetingEvent = { event: 'presence', user, online: false, last_seen_at: null };
  ctx.bus.publish(presenceTopic(ctx.scope.tenant, user), [
    { type: 'fleeting', only: watcher, frame: JSON.stringify(event) },
  ]);
}
