import type { ParleyError, TenantRole } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import { blockedBy, blockersOf } from '../blocks/blocked-people.ts';
import { refuseBlocked } from '../blocks/refuse-blocked.ts';
import type { Tables } from '../db/tables.ts';
import type { Reach } from '../policy/reach.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import type { Scope } from '../scope.ts';
import { bumpPeople } from './bump-people.ts';
import { myConversations, within } from './directory.ts';

/** Something that the acting person begins with others. */
interface Beginning {
  readonly act: 'direct' | 'group' | 'add';
  /** How far the acting person reaches. */
  readonly reach: Reach;
  /** How somebody who does not exist is refused: so is everybody out of reach. */
  readonly unknown: ParleyError;
}

/** Somebody with whom something begins. */
export interface Reached {
  /** Their next personal version. */
  readonly me: number;
  readonly tenantRole: TenantRole;
}

/**
 * Takes the next personal version of each of these people, among whom the acting person may be.
 *
 * Throws `unknown` alike, and after the same statement, for who does not exist, is deactivated, is
 * not shown by the directory, or blocks the acting person.
 */
export async function reachPeople(
  trx: Kysely<Tables>,
  scope: Scope,
  people: readonly string[],
  { act, reach, unknown }: Beginning,
): Promise<ReadonlyMap<string, Reached>> {
  const roles = await readRoles(trx, scope, people, reach);
  if (roles.size < people.length) throw unknown;
  const versions = await bumpPeople(trx, scope.tenant, people);
  // Again, now that they are locked: whoever blocks at this moment comes before or after.
  const others = people.filter((user) => user !== scope.user);
  await refuseBlocked(trx, scope, others, { act, unknown });
  const reached = new Map<string, Reached>();
  for (const [user, tenantRole] of roles) {
    const me = versions.get(user);
    // Deactivated in between.
    if (me === undefined) throw unknown;
    reached.set(user, { me, tenantRole });
  }
  return reached;
}

async function readRoles(
  trx: Kysely<Tables>,
  scope: Scope,
  people: readonly string[],
  reach: Reach,
): Promise<ReadonlyMap<string, TenantRole>> {
  // Whom I block and who blocks me, too, is for `refuseBlocked`: my own block is told first.
  const { rows } = await sql<{ id: string; role: string }>`
    with ${myConversations(scope)}
    select app_user.id, app_user.role from app_user
    where app_user.tenant_id = ${scope.tenant} and app_user.id = any(${people}::text[])
      and app_user.deactivated_at is null
      and (app_user.id = ${scope.user} or ${within(reach)})
      and (app_user.id not in ${blockersOf(scope)} or app_user.id in ${blockedBy(scope)})
    order by app_user.id`.execute(trx);
  return new Map(rows.map((row) => [row.id, tenantRoleOf(row.role)]));
}
