import { sql } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import { bumpAccess, lockTenant } from './lock-tenant.ts';
import type { TenantContext } from './tenant-context.ts';
import { readTenantRecord, type TenantRecord } from './tenant-record.ts';

/**
 * Gives everybody of a suspended tenant their access back: tokens and keys work as before.
 *
 * A tenant that is not suspended stays as it is. Throws `not_found`.
 */
export async function resumeTenant(ctx: TenantContext): Promise<TenantRecord> {
  const { tenant, actor, db, now } = ctx;
  return db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const { rows } = await sql`
      update tenant set suspended_at = null
      where id = ${tenant} and suspended_at is not null returning id`.execute(trx);
    if (rows.length > 0) {
      await bumpAccess(trx, tenant);
      const at = new Date(now());
      await recordAct(trx, tenant, { actor, action: 'tenant.resumed', target: {}, at });
    }
    return readTenantRecord(trx, tenant);
  });
}
