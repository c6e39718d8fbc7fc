import { ParleyError } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';

/**
 * Makes changes to one tenant's keys and access wait for each other; sends and readers do not wait.
 *
 * Throws `not_found` when there is no such tenant.
 */
export async function lockTenant(trx: Kysely<Tables>, tenant: string): Promise<void> {
  const { rows } = await sql`
    select id from tenant where id = ${tenant} for no key update`.execute(trx);
  if (rows.length === 0) throw new ParleyError('not_found');
}

/** Has all nodes look again at who of the tenant may stay. */
export async function bumpAccess(trx: Kysely<Tables>, tenant: string): Promise<void> {
  await sql`
    update tenant set access_version = access_version + 1 where id = ${tenant}`.execute(trx);
}
