import { ParleyError } from '@parley/protocol';
import { recordAct } from '../audit/record-act.ts';
import { FetchError } from '../outbound/fetch-failure.ts';
import type { SafeFetch } from '../outbound/safe-fetch.ts';
import { lockTenant } from '../tenants/lock-tenant.ts';
import { requireActor } from '../tenants/require-actor.ts';
import { readKeySourceRecords, sourcesPerTenant } from './key-source-record.ts';
import { randomId } from './random-id.ts';
import {
  dueAfter,
  type KeySourceReading,
  readKeySource,
  type SourceContext,
} from './read-key-source.ts';

/**
 * Registers an address at which the tenant publishes its public keys, and reads it at once.
 *
 * A first reading that fails is told in `failure`; the source stays, and is read again. Throws
 * `bad_request` for an address that is never fetched, `already_exists`, `too_many` from 10 on.
 */
export async function createKeySource(
  ctx: SourceContext,
  address: string,
): Promise<KeySourceReading> {
  const url = checked(ctx.outbound, address);
  const id = randomId();
  const { turn = (work) => work() } = ctx;
  await turn(() => register(ctx, id, url));
  return readKeySource(ctx, id);
}

function register(
  { tenant, actor, db, now }: SourceContext,
  id: string,
  url: string,
): Promise<void> {
  return db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    await requireActor(trx, tenant, { actor, now });
    const known = await readKeySourceRecords(trx, tenant);
    if (known.some((source) => source.url === url)) {
      throw new ParleyError('already_exists', {
        field: 'url',
        message: 'The tenant has a key source of this address. Read that one.',
      });
    }
    if (known.length >= sourcesPerTenant) {
      throw new ParleyError('too_many', {
        message: `A tenant has at most ${sourcesPerTenant} key sources. Remove one first.`,
      });
    }
    const at = new Date(now());
    await trx
      .insertInto('key_source')
      .values({ tenant_id: tenant, id, url, created_at: at, next_read_at: dueAfter(at) })
      .execute();
    const target = { source: id, url };
    await recordAct(trx, tenant, { actor, action: 'key_source.created', target, at });
  });
}

function checked(outbound: SafeFetch, address: string): string {
  try {
    return outbound.check(address);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new ParleyError('bad_request', { field: 'url', message: error.message });
  }
}
