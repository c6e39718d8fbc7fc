import { ParleyError } from '@parley/protocol';
import { recordAct } from '../audit/record-act.ts';
import { bumpAccess, lockTenant } from '../tenants/lock-tenant.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { endKeys } from './end-keys.ts';
import { isRandomId } from './random-id.ts';

/** Forgets a key source and takes back the keys that came from it. Throws `not_found`. */
export async function removeKeySource(ctx: TenantContext, id: string): Promise<void> {
  const { tenant, actor, db, now } = ctx;
  if (!isRandomId(id)) throw new ParleyError('not_found');
  const revoked = await db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const keys = await trx
      .deleteFrom('signing_key')
      .where('tenant_id', '=', tenant)
      .where('source_id', '=', id)
      .returning(['kid', 'registration'])
      .execute();
    const gone = await trx
      .deleteFrom('key_source')
      .where('tenant_id', '=', tenant)
      .where('id', '=', id)
      .returning('url')
      .executeTakeFirst();
    if (gone === undefined) throw new ParleyError('not_found');
    if (keys.length > 0) await bumpAccess(trx, tenant);
    const target = { source: id, url: gone.url, kids: keys.map(({ kid }) => kid) };
    const at = new Date(now());
    await recordAct(trx, tenant, { actor, action: 'key_source.removed', target, at });
    return keys;
  });
  endKeys(ctx, revoked);
}
