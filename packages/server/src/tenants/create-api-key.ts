import { ParleyError } from '@parley/protocol';
import type { Kysely, Selectable } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import type { ApiKeyTable, Tables } from '../db/tables.ts';
import type { ApiKeyScope } from '../policy/right.ts';
import { formatApiKey, hashSecret, newApiKey } from './api-key.ts';
import { type ApiKeyRecord, apiKeyColumns, apiKeyRecord } from './api-key-record.ts';
import { covers } from './api-keys.ts';
import { lockTenant } from './lock-tenant.ts';
import { requireActor } from './require-actor.ts';
import type { TenantContext } from './tenant-context.ts';

interface CreateApiKey {
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** When it stops working; never when absent. */
  readonly expiresAt?: Date;
}

/** A new key with its text, which is told this once. */
export interface NewApiKey extends ApiKeyRecord {
  readonly api_key: string;
}

const keysPerTenant = 100;

/**
 * Makes an API key. One key gives another no scope that it lacks, and no longer life than its own.
 *
 * Throws `not_allowed`, `bad_request` for a time that is past, `too_many` from 100 keys on.
 */
export async function createApiKey(ctx: TenantContext, input: CreateApiKey): Promise<NewApiKey> {
  const { tenant, actor, db, now } = ctx;
  const { name, scopes, expiresAt } = input;
  const at = new Date(now());
  if (expiresAt !== undefined && expiresAt <= at) {
    throw new ParleyError('bad_request', {
      field: 'expires_at',
      message: 'This time is past. Give one to come, or none for a key that lasts.',
    });
  }
  const key = newApiKey(tenant);
  return db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    const own = await requireActor(trx, tenant, ctx);
    if (own !== undefined) refuseMore(own, input);
    await refuseTooMany(trx, tenant);
    const row = await trx
      .insertInto('api_key')
      .values({
        tenant_id: tenant,
        id: key.id,
        secret_hash: hashSecret(key.secret),
        name,
        scopes: [...new Set(scopes)],
        expires_at: expiresAt ?? null,
        created_at: at,
      })
      .returning(apiKeyColumns)
      .executeTakeFirstOrThrow();
    const record = apiKeyRecord(row);
    const target = { key: key.id, scopes: record.scopes, expires_at: record.expires_at };
    await recordAct(trx, tenant, { actor, action: 'api_key.created', target, at });
    return { ...record, api_key: formatApiKey(key) };
  });
}

function refuseMore(
  own: Pick<Selectable<ApiKeyTable>, 'scopes' | 'expires_at'>,
  { scopes, expiresAt }: CreateApiKey,
): void {
  const more = scopes.find((scope) => !covers(own.scopes, scope));
  if (more !== undefined) {
    throw new ParleyError('not_allowed', {
      field: 'scopes',
      message: `This API key lacks the scope "${more}" itself, so it cannot give it.`,
    });
  }
  if (own.expires_at === null) return;
  if (expiresAt === undefined || expiresAt > own.expires_at) {
    throw new ParleyError('not_allowed', {
      field: 'expires_at',
      message: 'This API key expires, so it makes none that lasts longer. Give an earlier time.',
    });
  }
}

async function refuseTooMany(trx: Kysely<Tables>, tenant: string): Promise<void> {
  const { count } = await trx
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenant)
    .executeTakeFirstOrThrow();
  if (Number(count) < keysPerTenant) return;
  throw new ParleyError('too_many', {
    message: `A tenant has at most ${keysPerTenant} API keys. Revoke one first.`,
  });
}
