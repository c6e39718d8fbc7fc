import type { JsonObject } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import type { Tables } from '../db/tables.ts';
import { bumpAccess, lockTenant } from '../tenants/lock-tenant.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { type EndedKey, endKeys } from './end-keys.ts';
import type { IgnoredKey, KeySet, NamedKey } from './parse-key-set.ts';

/** One reading of a source: when it began is its name. */
interface Reading {
  readonly source: string;
  readonly at: Date;
}

/** What became of the keys of a set. */
interface Outcome {
  readonly revoked: readonly EndedKey[];
  readonly ignored: readonly IgnoredKey[];
}

const firstWaitMs = 5 * 60_000;
const longestWaitMs = 60 * 60_000;

/**
 * Makes a source's keys those of the set: new ones verify, missing ones are taken back.
 *
 * Another reading that began meanwhile, or the end of the source, makes this one void: what it read
 * may be old. Answers the keys that are not used.
 */
export async function storeKeySet(
  ctx: TenantContext,
  reading: Reading,
  set: KeySet,
): Promise<readonly IgnoredKey[]> {
  const { tenant, db } = ctx;
  const outcome = await db.sql.transaction().execute(async (trx): Promise<Outcome | undefined> => {
    await lockTenant(trx, tenant);
    if (!(await isLatest(trx, tenant, reading))) return undefined;
    await sql`
      update key_source set failure = null, failures = 0
      where tenant_id = ${tenant} and id = ${reading.source}`.execute(trx);
    return replaceKeys(trx, ctx, reading, set);
  });
  if (outcome === undefined) return set.ignored;
  endKeys(ctx, outcome.revoked);
  return outcome.ignored;
}

/** Notes why a reading failed; its keys stay, and the next try comes the later the more have failed. */
export async function storeFailure(
  { tenant, db }: TenantContext,
  { source, at }: Reading,
  failure: string,
): Promise<readonly IgnoredKey[]> {
  await sql`
    update key_source set failure = ${failure}, failures = failures + 1,
      next_read_at = ${at}::timestamptz
        + least(${firstWaitMs} * 2 ^ least(failures, 20), ${longestWaitMs}) * interval '1 ms'
    where tenant_id = ${tenant} and id = ${source} and read_at = ${at}`.execute(db.sql);
  return [];
}

async function isLatest(
  trx: Kysely<Tables>,
  tenant: string,
  { source, at }: Reading,
): Promise<boolean> {
  const row = await trx
    .selectFrom('key_source')
    .select('read_at')
    .where('tenant_id', '=', tenant)
    .where('id', '=', source)
    .executeTakeFirst();
  return row?.read_at?.getTime() === at.getTime();
}

async function replaceKeys(
  trx: Kysely<Tables>,
  { tenant, now }: TenantContext,
  { source }: Reading,
  { keys, ignored }: KeySet,
): Promise<Outcome> {
  const stored = await trx
    .selectFrom('signing_key')
    .select(['kid', 'public_key', 'registration'])
    .where('tenant_id', '=', tenant)
    .where('source_id', '=', source)
    .execute();
  const listed = new Map(keys.map((key) => [key.kid, key]));
  // A name that stands for other numbers now is another key: the old one ends.
  const revoked = stored.filter(({ kid, public_key }) => !isSame(listed.get(kid), public_key));
  const kids = revoked.map(({ kid }) => kid);
  const ended = new Set(kids);
  const known = new Set(stored.map(({ kid }) => kid).filter((kid) => !ended.has(kid)));
  const fresh = keys.filter(({ kid }) => !known.has(kid));

  await sql`
    delete from signing_key where tenant_id = ${tenant} and source_id = ${source}
      and kid = any(${kids}::text[])`.execute(trx);
  const added = await insertKeys(trx, tenant, source, fresh);
  const at = new Date(now());
  if (revoked.length > 0) {
    await bumpAccess(trx, tenant);
    const entry = { actor: { kind: 'system' }, action: 'signing_key.revoked', at } as const;
    await recordAct(trx, tenant, { ...entry, target: { source, kids } });
  }
  if (added.size > 0) {
    const entry = { actor: { kind: 'system' }, action: 'signing_key.created', at } as const;
    await recordAct(trx, tenant, { ...entry, target: { source, kids: [...added] } });
  }
  const taken = fresh.filter(({ kid }) => !added.has(kid)).map(({ index }) => ({ index, reason }));
  return { revoked, ignored: [...ignored, ...taken] };
}

const reason = 'The tenant has another key of its `kid`.';

/** A key that stands in the tenant already is never replaced by what a source says. */
async function insertKeys(
  trx: Kysely<Tables>,
  tenant: string,
  source: string,
  keys: readonly NamedKey[],
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const made = await trx
    .insertInto('signing_key')
    .values(
      keys.map(({ kid, algorithm, jwk }) => ({
        tenant_id: tenant,
        kid,
        algorithm,
        public_key: JSON.stringify(jwk),
        source_id: source,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('kid')
    .execute();
  return new Set(made.map(({ kid }) => kid));
}

function isSame(key: NamedKey | undefined, stored: JsonObject | null): boolean {
  if (key === undefined || stored === null) return false;
  return Object.entries(key.jwk).every(([name, value]) => stored[name] === value);
}
