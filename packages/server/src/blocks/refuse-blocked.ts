import { ParleyError } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';
import type { Scope } from '../scope.ts';

/** What somebody wants to begin with others. */
interface Beginning {
  readonly act: 'direct' | 'group' | 'add';
  /** How people who do not exist are refused: whoever blocks the acting person is refused the same. */
  readonly unknown: ParleyError;
}

/**
 * Refuses to begin something new with those who block the acting person, as if they did not exist.
 *
 * A direct conversation with somebody whom the acting person blocks is `not_allowed`. Run it when the
 * people are locked (`bumpPeople`), so that a block at the same time comes before or after.
 */
export async function refuseBlocked(
  trx: Kysely<Tables>,
  scope: Scope,
  others: readonly string[],
  { act, unknown }: Beginning,
): Promise<void> {
  if (others.length === 0) return;
  // One's own block first: the answer is the same whether or not the other blocks back.
  if (act === 'direct' && (await anyBlock(trx, scope.tenant, [scope.user], others))) {
    throw new ParleyError('not_allowed', {
      field: 'members',
      message: 'You block this person. Unblock them first.',
    });
  }
  if (await anyBlock(trx, scope.tenant, others, [scope.user])) throw unknown;
}

async function anyBlock(
  trx: Kysely<Tables>,
  tenant: string,
  blockers: readonly string[],
  blocked: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`
    select from block
    where tenant_id = ${tenant} and blocker_id = any(${blockers}::text[])
      and blocked_id = any(${blocked}::text[])
    limit 1`.execute(trx);
  return rows.length > 0;
}
