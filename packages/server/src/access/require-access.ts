import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import { AccessEnded } from './access-ended.ts';
import { readAccess } from './read-access.ts';

/**
 * Refuses, within a transaction, what a session that no longer stands wants to change.
 *
 * Asked after a lock, an end of access and the change are ordered. Throws `AccessEnded`.
 */
export async function requireAccess(
  trx: Kysely<Tables>,
  { scope, session }: Pick<Context, 'scope' | 'session'>,
): Promise<void> {
  const { fault } = await readAccess({ db: { sql: trx }, scope, session });
  if (fault !== null) throw new AccessEnded(fault);
}
