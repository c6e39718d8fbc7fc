import type { User } from '@parley/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { TenantDatabase } from '../db/database.ts';
import type { Session } from '../scope.ts';
import { profileStamp } from '../users/profile-stamp.ts';
import type { AccessFault } from './access-ended.ts';

/** The person of a session, as stored. */
export interface PersonAtDoor extends User {
  readonly me: number;
  readonly role: string;
}

/** Whether a session stands, and whose it is; `person` is null for one who is no user yet. */
export interface AccessReading {
  readonly fault: AccessFault | null;
  readonly person: PersonAtDoor | null;
}

interface Row {
  readonly n: number;
  readonly suspended: boolean;
  readonly key_stands: boolean;
  readonly deactivated: boolean;
  readonly revoked: boolean;
  readonly id: string | null;
  readonly name: string;
  readonly avatar_url: string | null;
  readonly updated_at: string;
  readonly me: number;
  readonly role: string;
}

/** A session and whose it says that it is. */
export interface AskedAccess {
  readonly user: string;
  readonly session: Session;
}

/**
 * Asks the database whether a session may still act, together with who the person is.
 *
 * The one question of every door: at hello, at a newer token, at each HTTP request. Its answer is of
 * the moment of its snapshot, so a socket listens for news of an end before it asks.
 */
export async function readAccess({
  db,
  scope,
  session,
}: Pick<Context, 'db' | 'scope' | 'session'>): Promise<AccessReading> {
  const [reading] = await readAccesses(db, scope.tenant, [{ user: scope.user, session }]);
  return reading ?? noTenant;
}

/** The same for many sessions of one tenant, in their order. */
export async function readAccesses(
  db: TenantDatabase,
  tenant: string,
  asked: readonly AskedAccess[],
): Promise<AccessReading[]> {
  const { rows } = await sql<Row>`
    select asked.n::int as n, tenant.suspended_at is not null as suspended,
      exists (
        select from signing_key
        where signing_key.tenant_id = tenant.id and signing_key.kid = asked.kid
          and signing_key.registration = asked.registration
      ) as key_stands,
      app_user.deactivated_at is not null as deactivated,
      coalesce(asked.issued_at < app_user.tokens_valid_from, false) as revoked,
      app_user.id, app_user.name, app_user.avatar_url, ${profileStamp} as updated_at,
      app_user.version as me, app_user.role
    from unnest(${asked.map((one) => one.user)}::text[],
      ${asked.map((one) => one.session.kid)}::text[],
      ${asked.map((one) => one.session.registration)}::uuid[],
      ${asked.map((one) => new Date(one.session.issuedAt))}::timestamptz[])
      with ordinality as asked (user_id, kid, registration, issued_at, n)
    join tenant on tenant.id = ${tenant}
    left join app_user on app_user.tenant_id = tenant.id and app_user.id = asked.user_id`.execute(
    db.sql,
  );
  const readings: AccessReading[] = asked.map(() => noTenant);
  for (const row of rows) {
    const { n, id, name, avatar_url, updated_at, me, role } = row;
    const person = id === null ? null : { id, name, avatar_url, updated_at, me, role };
    readings[n - 1] = { fault: faultOf(row), person };
  }
  return readings;
}

/** A tenant that is gone has no keys. */
const noTenant: AccessReading = { fault: 'key', person: null };

/** A key that is gone vouches for nothing, so it comes first; then what no other token mends. */
function faultOf(row: Row): AccessFault | null {
  if (!row.key_stands) return 'key';
  if (row.suspended) return 'suspended';
  if (row.deactivated) return 'deactivated';
  return row.revoked ? 'revoked' : null;
}
