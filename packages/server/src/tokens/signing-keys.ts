import { ParleyError } from '@parley/protocol';
import type { CryptoKey } from 'jose';
import type { Database } from '../db/database.ts';
import { importPublicKey, importSecret } from './import-key.ts';
import { type PublicAlgorithm, type PublicKey, parsePublicKey } from './public-key.ts';
import { randomId, randomSecret } from './random-id.ts';
import { SecretBox } from './secret-box.ts';

/** What a key may be used with; the stored key says it, never a token. */
export type KeyAlgorithm = 'HS256' | PublicAlgorithm;

/** A key that verifies a tenant's tokens; with HS256 it signs them as well. */
export interface SigningKey {
  readonly kid: string;
  /** Which one of that id: what is kept here may have been taken back, and its id given to another. */
  readonly registration: string;
  readonly algorithm: KeyAlgorithm;
  readonly key: CryptoKey;
}

/** A new signing secret: `secret` is told once, `sealed` is stored. */
export interface NewSigningSecret {
  readonly kid: string;
  readonly algorithm: 'HS256';
  readonly secret: string;
  readonly sealed: Buffer;
}

interface Parts {
  readonly db: Database;
  /** PARLEY_SECRET_KEY, at least 32 bytes. */
  readonly secretKey: Uint8Array;
  readonly now: () => number;
}

const keptKeys = 10_000;
// How long a key that another node took back may go on verifying on this one.
const keptMs = 30_000;

/**
 * The tenants' signing keys, found by (tenant, key id) and never by key id alone.
 *
 * Decoded keys are kept for half a minute. Only keys that exist are kept, so invented ids cannot
 * push them out; look-ups of one key at one time share a query.
 */
export class SigningKeys {
  readonly #db: Database;
  readonly #box: SecretBox;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly key: SigningKey; readonly until: number }>();
  readonly #pending = new Map<string, Promise<SigningKey | undefined>>();

  constructor({ db, secretKey, now }: Parts) {
    this.#db = db;
    this.#box = new SecretBox(secretKey);
    this.#now = now;
  }

  /** Undefined alike for an unknown tenant and an unknown key id. */
  async find(tenant: string, kid: string): Promise<SigningKey | undefined> {
    // A tenant id has no colon, so no two pairs share a name.
    const name = `${tenant}:${kid}`;
    const known = this.#known.get(name);
    if (known !== undefined && known.until > this.#now()) return known.key;
    let pending = this.#pending.get(name);
    if (pending === undefined) {
      pending = this.#read(tenant, kid);
      this.#pending.set(name, pending);
    }
    const reading = pending;
    try {
      const key = await reading;
      // Forgotten meanwhile: what was read may be what was just taken back.
      if (this.#pending.get(name) === reading) {
        if (key === undefined) this.#known.delete(name);
        else this.#keep(name, key);
      }
      return key;
    } finally {
      if (this.#pending.get(name) === reading) this.#pending.delete(name);
    }
  }

  /** Verifies nothing more by a key that was taken back: the next look-up asks the database. */
  forget(tenant: string, kid: string): void {
    const name = `${tenant}:${kid}`;
    this.#known.delete(name);
    this.#pending.delete(name);
  }

  /** The key that new tokens of the tenant are signed with. */
  async newest(tenant: string): Promise<SigningKey | undefined> {
    const row = await this.#db
      .of(tenant)
      .sql.selectFrom('signing_key')
      .select('kid')
      .where('tenant_id', '=', tenant)
      .where('algorithm', '=', 'HS256')
      .orderBy('created_at', 'desc')
      .orderBy('kid')
      .executeTakeFirst();
    return row === undefined ? undefined : this.find(tenant, row.kid);
  }

  /** Makes a secret; the caller stores what is sealed and tells the rest once. */
  generate(tenant: string): NewSigningSecret {
    const kid = randomId();
    const secret = randomSecret();
    return { kid, algorithm: 'HS256', secret, sealed: this.#box.seal(secret, nameOf(tenant, kid)) };
  }

  async #read(tenant: string, kid: string): Promise<SigningKey | undefined> {
    const row = await this.#db
      .of(tenant)
      .sql.selectFrom('signing_key')
      .select(['algorithm', 'secret', 'public_key', 'registration'])
      .where('tenant_id', '=', tenant)
      .where('kid', '=', kid)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { algorithm, secret, public_key, registration } = row;
    if (algorithm === 'HS256') {
      if (secret === null) return undefined;
      const text = this.#box.open(secret, nameOf(tenant, kid));
      return { kid, registration, algorithm, key: await importSecret(text) };
    }
    const known = readPublicKey(public_key);
    if (known?.algorithm !== algorithm) return undefined;
    return { kid, registration, algorithm, key: await importPublicKey(known.jwk) };
  }

  #keep(name: string, key: SigningKey): void {
    this.#known.delete(name);
    this.#known.set(name, { key, until: this.#now() + keptMs });
    if (this.#known.size <= keptKeys) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
}

// Checked again: what an older version stored may be refused by this one.
function readPublicKey(stored: unknown): PublicKey | undefined {
  try {
    return parsePublicKey(stored);
  } catch (error) {
    if (error instanceof ParleyError) return undefined;
    throw error;
  }
}

function nameOf(tenant: string, kid: string): readonly string[] {
  return ['signing_key', tenant, kid];
}
