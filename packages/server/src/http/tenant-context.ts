import { isTenantId, ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import type { TenantContext } from '../tenants/tenant-context.ts';
import type { AppParts, HttpEnv } from './parts.ts';

/** What an action works with, for a tenant's own server or the operator; after the guard. */
export function tenantContext(
  { db, bus, keys, settings, now }: AppParts,
  c: Context<HttpEnv>,
  tenant: string = c.get('tenant'),
): TenantContext {
  return { tenant, actor: c.get('actor'), db: db.of(tenant), bus, keys, settings, now };
}

/** The same for a tenant that the path names: whoever may ask is the caller's to know. */
export function anyTenant(parts: AppParts, c: Context<HttpEnv>, id: string): TenantContext {
  if (!isTenantId(id)) throw new ParleyError('not_found');
  return tenantContext(parts, c, id);
}
