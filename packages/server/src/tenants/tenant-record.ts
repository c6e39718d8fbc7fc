import { ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Tables, TenantSettings } from '../db/tables.ts';

/** A tenant as its own server and the operator see it; what is not set shows its default. */
export interface TenantRecord extends Required<TenantSettings> {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly suspended_at: string | null;
}

/** Reads a tenant. Throws `not_found`. */
export async function readTenantRecord(sql: Kysely<Tables>, tenant: string): Promise<TenantRecord> {
  const row = await sql
    .selectFrom('tenant')
    .select(['id', 'name', 'settings', 'created_at', 'suspended_at'])
    .where('id', '=', tenant)
    .executeTakeFirst();
  if (row === undefined) throw new ParleyError('not_found');
  const { id, name, settings, created_at, suspended_at } = row;
  return {
    id,
    name,
    directory: settings.directory ?? 'all',
    members_may: settings.members_may ?? [],
    allowed_origins: settings.allowed_origins ?? [],
    frame_ancestors: settings.frame_ancestors ?? [],
    created_at: created_at.toISOString(),
    suspended_at: suspended_at?.toISOString() ?? null,
  };
}
