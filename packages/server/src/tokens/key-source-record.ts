import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Tables } from '../db/tables.ts';

/** An address that a tenant publishes its public keys at (JWKS), and how reading it went. */
export interface KeySourceRecord {
  readonly id: string;
  readonly url: string;
  readonly created_at: string;
  /** When the last reading began; null before the first. */
  readonly read_at: string | null;
  /** Why it failed, in words; null when it did not. Keys read before stay in use. */
  readonly failure: string | null;
  /** How many of its keys are in use. */
  readonly keys: number;
}

/** Addresses per tenant, at most. */
export const sourcesPerTenant = 10;

interface Row {
  readonly id: string;
  readonly url: string;
  readonly created_at: Date;
  readonly read_at: Date | null;
  readonly failure: string | null;
  readonly keys: number;
}

/** The tenant's key sources, oldest first; only one when `id` is given. */
export async function readKeySourceRecords(
  database: Kysely<Tables>,
  tenant: string,
  id?: string,
): Promise<KeySourceRecord[]> {
  const { rows } = await sql<Row>`
    select id, url, created_at, read_at, failure, (
      select count(*)::int from signing_key
      where signing_key.tenant_id = key_source.tenant_id and signing_key.source_id = key_source.id
    ) as keys
    from key_source
    where tenant_id = ${tenant} ${id === undefined ? sql`` : sql`and id = ${id}`}
    order by created_at, id
    limit ${sourcesPerTenant}`.execute(database);
  return rows.map((row) => ({
    ...row,
    created_at: row.created_at.toISOString(),
    read_at: row.read_at?.toISOString() ?? null,
  }));
}
