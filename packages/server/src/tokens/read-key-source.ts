import { ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import { FetchError, fetchFailures } from '../outbound/fetch-failure.ts';
import type { SafeFetch } from '../outbound/safe-fetch.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { type KeySourceRecord, readKeySourceRecords } from './key-source-record.ts';
import { type IgnoredKey, type KeySet, keysPerSet, parseKeySet } from './parse-key-set.ts';
import { isRandomId } from './random-id.ts';
import { storeFailure, storeKeySet } from './store-key-set.ts';

/** What reading a source works with. */
export interface SourceContext extends TenantContext {
  readonly outbound: SafeFetch;
  /**
   * Waits for the tenant's turn at the database; at once when absent.
   *
   * Taken for each piece of work there, never while the other side answers: a few slow ones would
   * have everybody wait for them.
   */
  readonly turn?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A source after it was read, with the keys that are not used. */
export interface KeySourceReading extends KeySourceRecord {
  readonly ignored: readonly IgnoredKey[];
}

const readEveryMs = 5 * 60_000;

// Somebody else's server is not for hammering.
const pauseMs = 10_000;

/** When the next reading is due after one that began at a time. */
export function dueAfter(at: Date): Date {
  return new Date(at.getTime() + readEveryMs);
}

/**
 * Reads a source now: its new keys verify from now on, those it no longer lists are dead.
 *
 * A reading that fails changes no key and is told in `failure`. No transaction is open while the
 * other side answers. Throws `not_found`, also while the tenant is suspended; `rate_limited` within
 * 10 s of the reading before.
 */
export async function readKeySource(ctx: SourceContext, id: string): Promise<KeySourceReading> {
  if (!isRandomId(id)) throw new ParleyError('not_found');
  const { turn = atOnce } = ctx;
  const { url, at } = await turn(() => begin(ctx, id));
  const fetched = await fetchKeySet(ctx, url);
  return turn(() => finish(ctx, { source: id, at }, fetched));
}

function atOnce<T>(work: () => Promise<T>): Promise<T> {
  return work();
}

/** Says that a reading begins: nobody else begins one for a while. */
async function begin(
  { tenant, db, now }: SourceContext,
  id: string,
): Promise<{ url: string; at: Date }> {
  const at = new Date(now());
  const { rows } = await sql<{ url: string }>`
    update key_source
    set read_at = ${at}, next_read_at = ${dueAfter(at)}
    where tenant_id = ${tenant} and id = ${id}
      and (read_at is null or read_at <= ${new Date(at.getTime() - pauseMs)})
      and exists (select from tenant where tenant.id = ${tenant} and suspended_at is null)
    returning url`.execute(db.sql);
  const [row] = rows;
  if (row !== undefined) return { url: row.url, at };
  const [known] = await readKeySourceRecords(db.sql, tenant, id);
  const wait = Date.parse(known?.read_at ?? '') + pauseMs - at.getTime();
  if (!(wait > 0)) throw new ParleyError('not_found');
  throw new ParleyError('rate_limited', {
    retryAfterMs: Math.min(wait, pauseMs),
    message: 'The source was read a moment ago. Wait for the stated time, then try again.',
  });
}

async function finish(
  ctx: SourceContext,
  reading: { readonly source: string; readonly at: Date },
  fetched: Fetched,
): Promise<KeySourceReading> {
  const ignored =
    'set' in fetched
      ? await storeKeySet(ctx, reading, fetched.set)
      : await storeFailure(ctx, reading, fetched.failure);
  const [record] = await readKeySourceRecords(ctx.db.sql, ctx.tenant, reading.source);
  if (record === undefined) throw new ParleyError('not_found');
  return { ...record, ignored };
}

type Fetched = { readonly set: KeySet } | { readonly failure: string };

async function fetchKeySet({ outbound, tenant }: SourceContext, url: string): Promise<Fetched> {
  try {
    const set = parseKeySet(await outbound.json(url, tenant));
    return set === undefined ? { failure: noKeySet } : { set };
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    if (error.failure === 'stopped') throw new ParleyError('unavailable', { cause: error });
    return { failure: fetchFailures[error.failure] };
  }
}

const noKeySet = `The answer was no set of keys (JWKS), or one of more than ${keysPerSet}.`;
