import type { TenantContext } from '../tenants/tenant-context.ts';
import { type KeySourceRecord, readKeySourceRecords } from './key-source-record.ts';

/** The tenant's key sources, oldest first: ten at most, so there are no pages. */
export async function listKeySources({
  tenant,
  db,
}: TenantContext): Promise<{ key_sources: KeySourceRecord[] }> {
  return { key_sources: await readKeySourceRecords(db.sql, tenant) };
}
