import { ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import { recordAct } from '../audit/record-act.ts';
import type { Tables } from '../db/tables.ts';
import { lockTenant } from '../tenants/lock-tenant.ts';
import { requireActor } from '../tenants/require-actor.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { isKid } from './kid.ts';
import { parsePublicKey } from './public-key.ts';
import { randomId } from './random-id.ts';
import {
  type SigningKeyRecord,
  signingKeyColumns,
  signingKeyRecord,
} from './signing-key-record.ts';
import type { KeyAlgorithm } from './signing-keys.ts';

/** A secret that we make, or the public half of a pair that the host product holds. */
export type CreateSigningKey =
  | { readonly algorithm: 'HS256' }
  | {
      /** A JWK or PEM text. */
      readonly publicKey: unknown;
      /** What tokens call it by; else the JWK's own `kid`, else one that we give. */
      readonly kid?: string;
      /** Which algorithm it is believed to be of. */
      readonly of?: KeyAlgorithm;
    };

type PublicHalf = Exclude<CreateSigningKey, { readonly algorithm: 'HS256' }>;

/** A new key; a secret of ours is told this once. */
export interface NewSigningKey extends SigningKeyRecord {
  readonly signing_secret?: string;
}

interface StoredKey {
  readonly kid: string;
  readonly algorithm: KeyAlgorithm;
  readonly secret?: Buffer;
  readonly public_key?: string;
}

const keysPerTenant = 50;

/**
 * Adds a key that tokens of the tenant may be signed with; those there already stay.
 *
 * Of secrets, the newest signs what we mint. Throws `bad_request` for a key that cannot be relied
 * on, `already_exists` when the name is taken, `too_many` from 50 keys on, `unauthorized`.
 */
export async function createSigningKey(
  ctx: TenantContext,
  input: CreateSigningKey,
): Promise<NewSigningKey> {
  const { tenant, actor, db, keys, now } = ctx;
  const at = new Date(now());
  const { stored, secret } = 'algorithm' in input ? ourSecret(ctx) : theirKey(input);
  const row = await db.sql.transaction().execute(async (trx) => {
    await lockTenant(trx, tenant);
    await requireActor(trx, tenant, ctx);
    await refuseTooMany(trx, tenant);
    const made = await trx
      .insertInto('signing_key')
      .values({ tenant_id: tenant, ...stored })
      .onConflict((conflict) => conflict.doNothing())
      .returning(signingKeyColumns)
      .executeTakeFirst();
    if (made === undefined) throw kidTaken();
    const { kid, algorithm } = stored;
    const target = { kid, algorithm };
    await recordAct(trx, tenant, { actor, action: 'signing_key.created', target, at });
    return made;
  });
  // A key of this name may have been taken back a moment ago.
  keys.forget(tenant, stored.kid);
  const record = signingKeyRecord(row);
  return secret === undefined ? record : { ...record, signing_secret: secret };
}

function ourSecret({ tenant, keys }: TenantContext): { stored: StoredKey; secret: string } {
  const { kid, algorithm, secret, sealed } = keys.generate(tenant);
  return { stored: { kid, algorithm, secret: sealed }, secret };
}

function theirKey(input: PublicHalf): { stored: StoredKey; secret?: undefined } {
  const { algorithm, jwk } = parsePublicKey(input.publicKey);
  if (input.of !== undefined && input.of !== algorithm) {
    throw new ParleyError('bad_request', {
      field: 'algorithm',
      message: `The key is one for ${algorithm}. Leave the algorithm out, or send another key.`,
    });
  }
  const kid = input.kid ?? ownKid(input.publicKey) ?? randomId();
  if (!isKid(kid)) {
    throw new ParleyError('bad_request', {
      field: 'kid',
      message: 'A key id has 1 to 128 printable ASCII characters without space, quote, backslash.',
    });
  }
  return { stored: { kid, algorithm, public_key: JSON.stringify(jwk) } };
}

function ownKid(key: unknown): unknown {
  return typeof key === 'object' && key !== null && 'kid' in key ? key.kid : undefined;
}

async function refuseTooMany(trx: Kysely<Tables>, tenant: string): Promise<void> {
  const { count } = await trx
    .selectFrom('signing_key')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenant)
    .where('source_id', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(count) < keysPerTenant) return;
  throw new ParleyError('too_many', {
    message: `A tenant has at most ${keysPerTenant} signing keys. Revoke one first.`,
  });
}

function kidTaken(): ParleyError {
  return new ParleyError('already_exists', {
    field: 'kid',
    message: 'The tenant has a key of this id. Give another, or revoke that one first.',
  });
}
