import { ParleyError, type User } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import type { Scope } from '../scope.ts';
import { profileStamp } from './profile-stamp.ts';

/** A person at the door: the profile, and `me`, the version of what concerns the person alone. */
export interface AdmittedUser {
  readonly user: User;
  readonly me: number;
}

interface Row extends User {
  readonly me: number;
  readonly deactivated: boolean;
}

/**
 * Lets the person of a verified token in; one who is not known yet becomes a user.
 *
 * The token's name is used then and never again: later names come from the host product by
 * `PUT /v1/users/{id}`, so that an old token cannot undo them. Throws `unauthorized` for the
 * deactivated.
 */
export async function admitUser(
  ctx: Pick<Context, 'db' | 'scope'>,
  input: { readonly name?: string },
): Promise<AdmittedUser> {
  const { scope } = ctx;
  const row =
    (await find(ctx.db.sql, scope)) ??
    (await create(ctx.db.sql, scope, input.name ?? scope.user)) ??
    // Somebody else created the person between the two statements.
    (await find(ctx.db.sql, scope));
  if (row === undefined || row.deactivated) throw new ParleyError('unauthorized');
  const { id, name, avatar_url, updated_at, me } = row;
  return { user: { id, name, avatar_url, updated_at }, me };
}

async function find(db: Kysely<Tables>, scope: Scope): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select id, name, avatar_url, ${profileStamp} as updated_at, version as me, deactivated_at is not null as deactivated
    from app_user where tenant_id = ${scope.tenant} and id = ${scope.user}`.execute(db);
  return rows[0];
}

async function create(db: Kysely<Tables>, scope: Scope, name: string): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    insert into app_user (tenant_id, id, name) values (${scope.tenant}, ${scope.user}, ${name})
    on conflict (tenant_id, id) do nothing
    returning id, name, avatar_url, ${profileStamp} as updated_at, version as me, false as deactivated`.execute(
    db,
  );
  return rows[0];
}
