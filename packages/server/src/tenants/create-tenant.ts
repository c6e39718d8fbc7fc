import { ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import { formatApiKey, hashSecret, newApiKey } from './api-key.ts';

interface TenantName {
  readonly id: string;
  readonly name: string;
}

interface Parts {
  readonly db: Database;
  readonly keys: SigningKeys;
}

/** A new tenant with its secrets, which are told this once. */
export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly api_key: string;
  readonly signing_secret: string;
  readonly kid: string;
}

/** Makes a tenant, its first API key and signing secret. Throws `already_exists`. */
export async function createTenant({ db, keys }: Parts, input: TenantName): Promise<NewTenant> {
  const made = await db
    .of(input.id)
    .sql.transaction()
    .execute((sql) => insertTenant(sql, keys, input));
  if (made === undefined) {
    throw new ParleyError('already_exists', {
      field: 'id',
      message: 'A tenant of this id exists already. Use another id.',
    });
  }
  return made;
}

/**
 * The same within the caller's transaction; undefined when the tenant exists already.
 *
 * While another transaction makes the same tenant, this waits for how that one ends.
 */
export async function insertTenant(
  sql: Kysely<Tables>,
  keys: SigningKeys,
  { id, name }: TenantName,
): Promise<NewTenant | undefined> {
  const made = await sql
    .insertInto('tenant')
    .values({ id, name })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made === undefined) return undefined;
  const apiKey = newApiKey(id);
  const signing = keys.generate(id);
  await sql
    .insertInto('api_key')
    .values({ tenant_id: id, id: apiKey.id, secret_hash: hashSecret(apiKey.secret) })
    .execute();
  await sql
    .insertInto('signing_key')
    .values({
      tenant_id: id,
      kid: signing.kid,
      algorithm: signing.algorithm,
      secret: signing.sealed,
    })
    .execute();
  return {
    id,
    name,
    api_key: formatApiKey(apiKey),
    signing_secret: signing.secret,
    kid: signing.kid,
  };
}
