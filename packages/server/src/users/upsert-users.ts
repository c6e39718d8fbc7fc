import { ParleyError, userTopic } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import type { Actor } from '../audit/actor.ts';
import { type AuditAction, recordActs } from '../audit/record-act.ts';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { handOnGroups } from '../members/hand-on-groups.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import { tellProfiles } from './tell-profiles.ts';
import { toUserRecord, type UserProfile, type UserRecord, type UserRow } from './user-record.ts';

interface Parts {
  readonly db: Database;
  readonly bus: Bus;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** What a person was before, and is now; `before` is null for somebody new. */
interface Upserted {
  readonly before: UserRow | null;
  readonly row: UserRow;
}

type Change = Pick<UserRow, 'id' | 'name' | 'avatar_url' | 'email' | 'locale' | 'role'>;

/**
 * Makes or changes people of a tenant, on behalf of the host product: all of them, or none.
 *
 * Who was deactivated is back; older tokens stay dead. New names and pictures are told after the
 * commit, and groups that only guests own get an owner. Records come in the order of the profiles. Throws `bad_request` for an id named twice.
 */
export async function upsertUsers(
  { db, bus, now = Date.now }: Parts,
  tenant: string,
  profiles: readonly UserProfile[],
  actor: Actor = { kind: 'system' },
): Promise<UserRecord[]> {
  refuseTwins(profiles);
  const upserted = await db
    .of(tenant)
    .sql.transaction()
    .execute(async (trx) => {
      const made = await insertMissing(trx, tenant, profiles);
      const isMade = new Set(made.map(({ row }) => row.id));
      const rest = profiles.filter(({ id }) => !isMade.has(id));
      const all = [...made, ...(await update(trx, tenant, rest))];
      const at = new Date(now());
      const acts = all.flatMap(actsOf).map(([action, target]) => ({ actor, action, target, at }));
      await recordActs(trx, tenant, acts);
      return all;
    });
  for (const { row } of upserted.filter(hasNewRole)) {
    bus.publish(userTopic(tenant, row.id), [{ type: 'reach' }]);
  }
  await tellProfiles(
    { db, bus },
    tenant,
    upserted.filter(isRenamed).map(({ row }) => row),
  );
  await handOnGroups(
    { db, bus, now },
    { tenant, users: upserted.filter(isGuest).map(idOf), actor },
  );
  const rows = new Map(upserted.map(({ row }) => [row.id, row]));
  return profiles.flatMap(({ id }) => {
    const row = rows.get(id);
    return row === undefined ? [] : [toUserRecord(row)];
  });
}

function refuseTwins(profiles: readonly UserProfile[]): void {
  const seen = new Set<string>();
  profiles.forEach(({ id }, index) => {
    if (seen.has(id)) {
      throw new ParleyError('bad_request', {
        field: `users.${index}.id`,
        message: 'Somebody is named twice. Name everybody once.',
      });
    }
    seen.add(id);
  });
}

/** In the order of ids, here and below: two calls with the same people never wait for each other. */
async function insertMissing(
  db: Kysely<Tables>,
  tenant: string,
  profiles: readonly UserProfile[],
): Promise<Upserted[]> {
  const { rows } = await sql<UserRow>`
    insert into app_user (tenant_id, id, name, avatar_url, email, locale, role)
    select ${tenant}, given.id, given.name, given.avatar_url, given.email, given.locale,
      coalesce(given.role, 'member')
    from unnest(${profiles.map((one) => one.id)}::text[],
      ${profiles.map((one) => one.name)}::text[],
      ${profiles.map((one) => one.avatar_url ?? null)}::text[],
      ${profiles.map((one) => one.email ?? null)}::text[],
      ${profiles.map((one) => one.locale ?? null)}::text[],
      ${profiles.map((one) => one.role ?? null)}::text[])
      as given (id, name, avatar_url, email, locale, role)
    order by given.id collate "C"
    on conflict (tenant_id, id) do nothing
    returning *`.execute(db);
  return rows.map((row) => ({ before: null, row }));
}

async function update(
  db: Kysely<Tables>,
  tenant: string,
  profiles: readonly UserProfile[],
): Promise<Upserted[]> {
  if (profiles.length === 0) return [];
  const ids = profiles.map((one) => one.id);
  const before = await db
    .selectFrom('app_user')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .where('id', '=', sql<string>`any(${ids}::text[])`)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const given = new Map(profiles.map((one) => [one.id, one]));
  const changes = before.flatMap((row) => {
    const after = { ...row, ...given.get(row.id) };
    return isChanged(row, after) ? [after] : [];
  });
  const changed = new Map((await write(db, tenant, changes)).map((row) => [row.id, row]));
  return before.map((row) => ({ before: row, row: changed.get(row.id) ?? row }));
}

function isChanged(before: UserRow, after: Change): boolean {
  return (
    before.deactivated_at !== null ||
    before.name !== after.name ||
    before.avatar_url !== after.avatar_url ||
    before.email !== after.email ||
    before.locale !== after.locale ||
    before.role !== after.role
  );
}

async function write(
  db: Kysely<Tables>,
  tenant: string,
  changes: readonly Change[],
): Promise<readonly UserRow[]> {
  if (changes.length === 0) return [];
  const { rows } = await sql<UserRow>`
    update app_user set name = given.name, avatar_url = given.avatar_url, email = given.email,
      locale = given.locale, role = given.role, deactivated_at = null,
      updated_at = case
        when (app_user.name, app_user.avatar_url) is distinct from (given.name, given.avatar_url)
        then clock_timestamp() else app_user.updated_at end
    from unnest(${changes.map((one) => one.id)}::text[],
      ${changes.map((one) => one.name)}::text[],
      ${changes.map((one) => one.avatar_url)}::text[],
      ${changes.map((one) => one.email)}::text[],
      ${changes.map((one) => one.locale)}::text[],
      ${changes.map((one) => one.role)}::text[])
      as given (id, name, avatar_url, email, locale, role)
    where app_user.tenant_id = ${tenant} and app_user.id = given.id
    returning app_user.*`.execute(db);
  return rows;
}

function isRenamed({ before, row }: Upserted): boolean {
  return before !== null && (before.name !== row.name || before.avatar_url !== row.avatar_url);
}

function hasNewRole({ before, row }: Upserted): boolean {
  return before !== null && tenantRoleOf(before.role) !== tenantRoleOf(row.role);
}

function isGuest({ before, row }: Upserted): boolean {
  return before !== null && tenantRoleOf(row.role) === 'guest';
}

function idOf({ row }: Upserted): string {
  return row.id;
}

/** What of it gave or took authority. */
function actsOf({ before, row }: Upserted): [AuditAction, { [key: string]: string }][] {
  const acts: [AuditAction, { [key: string]: string }][] = [];
  if (before !== null && before.deactivated_at !== null) {
    acts.push(['user.restored', { user: row.id }]);
  }
  const was = tenantRoleOf(before?.role ?? 'member');
  const is = tenantRoleOf(row.role);
  if (was !== is) acts.push(['user.role_changed', { user: row.id, from: was, to: is }]);
  return acts;
}
