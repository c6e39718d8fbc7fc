import { accessTopic } from '@parley/protocol';
import { sql } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import { bumpAccess, lockTenant } from './lock-tenant.ts';
import type { TenantContext } from './tenant-context.ts';
import { readTenantRecord, type TenantRecord } from './tenant-record.ts';

/**
 * Ends the access of everybody of a tenant, people and keys, until it is resumed.
 *
 * Their connections on this node are closed before this returns. Nothing is deleted; a tenant that
 * is suspended already stays so, since the same time. Throws `not_found`.
 */
export async function suspendTenant(ctx: TenantContext): Promise<TenantRecord> {
  const { tenant, actor, db, bus, now } = ctx;
  const at = new Date(now());
  const record = await db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const { rows } = await sql`
      update tenant set suspended_at = ${at}
      where id = ${tenant} and suspended_at is null returning id`.execute(trx);
    if (rows.length > 0) {
      await bumpAccess(trx, tenant);
      await recordAct(trx, tenant, { actor, action: 'tenant.suspended', target: {}, at });
    }
    return readTenantRecord(trx, tenant);
  });
  // Also when it was suspended before: somebody may repeat this because the first time was cut off.
  bus.publish(accessTopic(tenant), [{ type: 'access', ended: { reason: 'suspended' } }]);
  return record;
}
