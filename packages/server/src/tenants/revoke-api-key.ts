import { ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import type { Tables } from '../db/tables.ts';
import { isRandomId } from '../tokens/random-id.ts';
import { lockTenant } from './lock-tenant.ts';
import type { TenantContext } from './tenant-context.ts';

/**
 * Takes an API key back: the next call with it is refused.
 *
 * The last lasting key with the scope `all` stays, or the tenant had locked itself out, since keys
 * give only what they have: who wants to replace it makes the new one first. Throws `not_found`,
 * `not_allowed`.
 */
export async function revokeApiKey(ctx: TenantContext, id: string): Promise<void> {
  const { tenant, actor, db, now } = ctx;
  if (!isRandomId(id)) throw new ParleyError('not_found');
  await db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const gone = await trx
      .deleteFrom('api_key')
      .where('tenant_id', '=', tenant)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (gone === undefined) throw new ParleyError('not_found');
    await refuseLockout(trx, tenant);
    await recordAct(trx, tenant, {
      actor,
      action: 'api_key.revoked',
      target: { key: id },
      at: new Date(now()),
    });
  });
}

async function refuseLockout(trx: Kysely<Tables>, tenant: string): Promise<void> {
  const lasting = await trx
    .selectFrom('api_key')
    .select('scopes')
    .where('tenant_id', '=', tenant)
    .where('expires_at', 'is', null)
    .execute();
  if (lasting.some(({ scopes }) => scopes.includes('all'))) return;
  throw new ParleyError('not_allowed', {
    message:
      'This is the last API key with the scope "all" that does not expire. Make another such key ' +
      'first.',
  });
}
