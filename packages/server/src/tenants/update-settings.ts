import { isDeepStrictEqual } from 'node:util';
import { accessTopic, type JsonObject } from '@parley/protocol';
import { sql } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import type { TenantSettings } from '../db/tables.ts';
import { lockTenant } from './lock-tenant.ts';
import type { TenantContext } from './tenant-context.ts';
import { readTenantRecord, type TenantRecord } from './tenant-record.ts';

/** New settings: absent ones stay as they are, null goes back to the default. */
export type SettingsChange = {
  readonly [Name in keyof TenantSettings]?: Required<TenantSettings>[Name] | null;
};

/**
 * Changes what a tenant has decided; holds on this node at once, on others within 5 s.
 *
 * Throws `not_found`.
 */
export async function updateSettings(
  ctx: TenantContext,
  change: SettingsChange,
): Promise<TenantRecord> {
  const { tenant, actor, db, bus, settings, now } = ctx;
  const cleared = Object.entries(change).flatMap(([name, value]) => (value === null ? [name] : []));
  const kept = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null));
  const record = await db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const before = await readTenantRecord(trx, tenant);
    // Laid over what is there: two changes at one time both hold.
    await sql`
      update tenant set settings = (settings || ${JSON.stringify(kept)}::jsonb) - ${cleared}::text[]
      where id = ${tenant}`.execute(trx);
    const after = await readTenantRecord(trx, tenant);
    if (!isDeepStrictEqual(before, after)) {
      const target: JsonObject = { ...change };
      await recordAct(trx, tenant, {
        actor,
        action: 'settings.changed',
        target,
        at: new Date(now()),
      });
    }
    return after;
  });
  settings.forget(tenant);
  // Also when it was so before: somebody may repeat this because the first time was cut off.
  if (change.directory !== undefined) bus.publish(accessTopic(tenant), [{ type: 'reach' }]);
  return record;
}
