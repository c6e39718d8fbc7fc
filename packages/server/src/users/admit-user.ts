import type { TenantRole, User } from '@parley/protocol';
import { sql } from 'kysely';
import { AccessEnded } from '../access/access-ended.ts';
import { type AccessReading, type PersonAtDoor, readAccess } from '../access/read-access.ts';
import type { Context } from '../context.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import { profileStamp } from './profile-stamp.ts';

/** A person at the door: the profile, and `me`, the version of what concerns the person alone. */
export interface AdmittedUser {
  readonly user: User;
  readonly me: number;
  readonly role: TenantRole;
}

type Door = Pick<Context, 'db' | 'scope' | 'session'>;

/**
 * Lets the person of a verified token in; one who is not known yet becomes a user.
 *
 * The token's name is used then and never again: later names come from the host product by
 * `PUT /v1/users/{id}`, so that an old token cannot undo them. Throws `AccessEnded` when the person,
 * the tenant, the key or the token has lost access since the token was signed. `read` is what was read
 * of it already, together with others.
 */
export async function admitUser(
  ctx: Door,
  input: { readonly name?: string },
  read?: AccessReading,
): Promise<AdmittedUser> {
  const person =
    personOf(read ?? (await readAccess(ctx))) ??
    (await create(ctx, input.name ?? ctx.scope.user)) ??
    // Somebody else created the person between the two statements, or access has ended.
    personOf(await readAccess(ctx));
  if (person === null) throw new AccessEnded('key');
  const { id, name, avatar_url, updated_at, me, role } = person;
  return { user: { id, name, avatar_url, updated_at }, me, role: tenantRoleOf(role) };
}

function personOf({ fault, person }: AccessReading): PersonAtDoor | null {
  if (fault !== null) throw new AccessEnded(fault);
  return person;
}

/** Looks again in the same statement: a suspended tenant gets nobody new, nor does a key that is gone. */
async function create({ db, scope, session }: Door, name: string): Promise<PersonAtDoor | null> {
  const { rows } = await sql<PersonAtDoor>`
    insert into app_user (tenant_id, id, name)
    select tenant.id, ${scope.user}, ${name} from tenant
    join signing_key on signing_key.tenant_id = tenant.id and signing_key.kid = ${session.kid}
      and signing_key.registration = ${session.registration}
    where tenant.id = ${scope.tenant} and tenant.suspended_at is null
    on conflict (tenant_id, id) do nothing
    returning id, name, avatar_url, ${profileStamp} as updated_at, version as me, role`.execute(
    db.sql,
  );
  return rows[0] ?? null;
}
