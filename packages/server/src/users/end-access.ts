import { userTopic } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Actor } from '../audit/actor.ts';
import { recordAct } from '../audit/record-act.ts';
import type { AccessEnd, Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';

/** What taking a person's access works with. */
export interface EndAccessParts {
  readonly db: Database;
  readonly bus: Bus;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** Whose access ends, by whose word. */
export interface EndAccess {
  readonly tenant: string;
  readonly user: string;
  readonly actor: Actor;
}

interface Ended {
  readonly tokens_valid_from: Date;
  readonly was_deactivated: boolean;
}

/**
 * Kills every token of a person that was issued until now; `deactivated` shuts the person out as well.
 *
 * Somebody who is no user yet becomes one by it: tokens of theirs may be out, and would make them a
 * user at their first use. Sockets of this node are closed when it returns. Answers from when on
 * tokens are good.
 */
export async function endAccess(
  { db, bus, now }: EndAccessParts,
  reason: 'revoked' | 'deactivated',
  { tenant, user, actor }: EndAccess,
): Promise<Date> {
  const at = new Date(now());
  // Tokens tell the millisecond of their issue: those of this one die, too.
  const validFrom = new Date(at.getTime() + 1);
  const deactivatedAt = reason === 'deactivated' ? at : null;
  const ended = await db
    .of(tenant)
    .sql.transaction()
    .execute(async (trx) => {
      const row = await write(trx, tenant, user, validFrom, deactivatedAt);
      const action = `user.${reason}` as const;
      if (reason === 'revoked' || !row.was_deactivated) {
        await recordAct(trx, tenant, { actor, action, target: { user }, at });
      }
      return row;
    });
  const issuedBefore = ended.tokens_valid_from.getTime();
  const news: AccessEnd = { reason, issuedBefore };
  bus.publish(userTopic(tenant, user), [{ type: 'access', ended: news }]);
  return ended.tokens_valid_from;
}

/**
 * The time is the database's, or the node's where that is ahead, and never moves back: no node dates a
 * token later than the database does, so whatever was issued before this is older than it. `version`
 * tells nodes that hear nothing.
 */
async function write(
  trx: Kysely<Tables>,
  tenant: string,
  user: string,
  validFrom: Date,
  deactivatedAt: Date | null,
): Promise<Ended> {
  const before = await trx
    .selectFrom('app_user')
    .select('deactivated_at')
    .where('tenant_id', '=', tenant)
    .where('id', '=', user)
    .forNoKeyUpdate()
    .executeTakeFirst();
  const { rows } = await sql<{ tokens_valid_from: Date }>`
    insert into app_user (tenant_id, id, name, version, tokens_valid_from, deactivated_at)
    values (${tenant}, ${user}, ${user}, 1,
      greatest(${validFrom}, date_trunc('milliseconds', clock_timestamp()) + interval '1 ms'),
      ${deactivatedAt})
    on conflict (tenant_id, id) do update set
      version = app_user.version + 1,
      tokens_valid_from = greatest(app_user.tokens_valid_from, excluded.tokens_valid_from),
      deactivated_at = coalesce(app_user.deactivated_at, excluded.deactivated_at)
    returning tokens_valid_from`.execute(trx);
  const [row] = rows;
  if (row === undefined) throw new Error('neither inserted nor updated');
  const was_deactivated = (before?.deactivated_at ?? null) !== null;
  return { tokens_valid_from: row.tokens_valid_from, was_deactivated };
}
