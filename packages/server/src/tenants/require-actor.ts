import { ParleyError } from '@parley/protocol';
import type { Kysely, Selectable } from 'kysely';
import type { Actor } from '../audit/actor.ts';
import type { ApiKeyTable, Tables } from '../db/tables.ts';

interface Acting {
  readonly actor: Actor;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Refuses an API key that is being taken back to give authority that outlasts it.
 *
 * Asked under the tenant's lock, so that both are ordered. Answers what the key may do, undefined for
 * who is no key. Throws `unauthorized`.
 */
export async function requireActor(
  trx: Kysely<Tables>,
  tenant: string,
  { actor, now }: Acting,
): Promise<Pick<Selectable<ApiKeyTable>, 'scopes' | 'expires_at'> | undefined> {
  if (actor.kind !== 'key') return undefined;
  const key = await trx
    .selectFrom('api_key')
    .select(['scopes', 'expires_at'])
    .where('tenant_id', '=', tenant)
    .where('id', '=', actor.id)
    .executeTakeFirst();
  const expired = key !== undefined && key.expires_at !== null && key.expires_at.getTime() <= now();
  if (key === undefined || expired) throw new ParleyError('unauthorized');
  return key;
}
