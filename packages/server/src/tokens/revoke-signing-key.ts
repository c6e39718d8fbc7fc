import { ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import type { Tables } from '../db/tables.ts';
import { bumpAccess, lockTenant } from '../tenants/lock-tenant.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { endKeys } from './end-keys.ts';
import { isKid } from './kid.ts';

interface RevokeSigningKey {
  readonly kid: string;
  /** That no secret is left, to mint tokens with, is what is wanted. */
  readonly last: boolean;
}

/**
 * Takes a signing key back: its tokens are dead, connections that came with them are closed.
 *
 * Throws `not_found`; `not_allowed` for a key that a source publishes, which would only come again,
 * and for the last secret unless `last` says so.
 */
export async function revokeSigningKey(
  ctx: TenantContext,
  { kid, last }: RevokeSigningKey,
): Promise<void> {
  const { tenant, actor, db, now } = ctx;
  if (!isKid(kid)) throw new ParleyError('not_found');
  const registration = await db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const gone = await trx
      .deleteFrom('signing_key')
      .where('tenant_id', '=', tenant)
      .where('kid', '=', kid)
      .returning(['algorithm', 'source_id', 'registration'])
      .executeTakeFirst();
    if (gone === undefined) throw new ParleyError('not_found');
    if (gone.source_id !== null) throw new ParleyError('not_allowed', { message: published });
    if (gone.algorithm === 'HS256' && !last) await refuseLast(trx, tenant);
    await bumpAccess(trx, tenant);
    const target = { kid, algorithm: gone.algorithm };
    const at = new Date(now());
    await recordAct(trx, tenant, { actor, action: 'signing_key.revoked', target, at });
    return gone.registration;
  });
  endKeys(ctx, [{ kid, registration }]);
}

async function refuseLast(trx: Kysely<Tables>, tenant: string): Promise<void> {
  const another = await trx
    .selectFrom('signing_key')
    .select('kid')
    .where('tenant_id', '=', tenant)
    .where('algorithm', '=', 'HS256')
    .limit(1)
    .executeTakeFirst();
  if (another === undefined) throw new ParleyError('not_allowed', { message: lastSecret });
}

const published =
  'This key comes from a key source and would come again. Take it off there and read the source ' +
  'with POST /v1/key-sources/{id}/read, or remove the source.';

const lastSecret =
  'This is the last signing secret: without one, POST /v1/users/{id}/tokens has nothing to sign ' +
  'with. Make another first, or repeat this with ?last=true if your server signs all tokens.';
