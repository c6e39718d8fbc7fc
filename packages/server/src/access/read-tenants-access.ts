import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Session } from '../scope.ts';

/** A tenant with sessions here, and the access version up to which they are known to stand. */
export interface KnownTenant {
  readonly tenant: string;
  readonly version: number;
  /** Its sessions, one for each signing key that vouched. */
  readonly keys: readonly Pick<Session, 'kid' | 'registration'>[];
}

/** What happened to a tenant's access since the known version. */
export interface TenantAccess {
  /** Which of the asked tenants, by its place. */
  readonly index: number;
  readonly version: number;
  readonly suspended: boolean;
  /** Those of the asked registrations that are gone. */
  readonly goneKeys: ReadonlySet<string>;
}

/**
 * Asks for many tenants at once whose access has changed; those without news are absent.
 *
 * The keys are read after the versions: what is seen of them is never older than what is answered.
 */
export async function readTenantsAccess(
  { core }: Pick<Database, 'core'>,
  known: readonly KnownTenant[],
): Promise<TenantAccess[]> {
  const { rows: changed } = await sql<{ n: number; version: number; suspended: boolean }>`
    select known.n::int as n, tenant.access_version as version,
      tenant.suspended_at is not null as suspended
    from unnest(${known.map((one) => one.tenant)}::text[],
      ${known.map((one) => one.version)}::bigint[]) with ordinality as known (id, version, n)
    join tenant on tenant.id = known.id
    where tenant.access_version > known.version`.execute(core);
  if (changed.length === 0) return [];
  const asked = changed.flatMap(({ n }) =>
    (known[n - 1]?.keys ?? []).map((key) => ({
      n,
      tenant: known[n - 1]?.tenant,
      kid: key.kid,
      registration: key.registration,
    })),
  );
  const { rows: gone } = await sql<{ n: number; registration: string }>`
    select asked.n::int as n, asked.registration
    from unnest(${asked.map((one) => one.n)}::int[], ${asked.map((one) => one.tenant)}::text[],
      ${asked.map((one) => one.kid)}::text[], ${asked.map((one) => one.registration)}::uuid[])
      as asked (n, tenant_id, kid, registration)
    where not exists (
      select from signing_key
      where signing_key.tenant_id = asked.tenant_id and signing_key.kid = asked.kid
        and signing_key.registration = asked.registration
    )`.execute(core);
  return changed.map(({ n, version, suspended }) => ({
    index: n - 1,
    version,
    suspended,
    goneKeys: new Set(gone.filter((one) => one.n === n).map((one) => one.registration)),
  }));
}
