import type { CryptoKey } from 'jose';
import type { Database } from '../db/database.ts';
import { randomId, randomSecret } from './random-id.ts';
import { SecretBox } from './secret-box.ts';

/** A key that signs or verifies a tenant's tokens; `algorithm` is the only one it may be used with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: 'HS256';
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
// How long a removed key may go on verifying on this node.
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
      pending = this.#read(tenant, kid).finally(() => this.#pending.delete(name));
      this.#pending.set(name, pending);
    }
    const key = await pending;
    if (key === undefined) this.#known.delete(name);
    else this.#keep(name, key);
    return key;
  }

  /** The key that new tokens of the tenant are signed with. */
  async newest(tenant: string): Promise<SigningKey | undefined> {
    const row = await this.#db.sql
      .selectFrom('signing_key')
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
    const row = await this.#db.sql
      .selectFrom('signing_key')
      .select(['algorithm', 'secret'])
      .where('tenant_id', '=', tenant)
      .where('kid', '=', kid)
      .executeTakeFirst();
    if (row?.algorithm !== 'HS256') return undefined;
    const secret = this.#box.open(row.secret, nameOf(tenant, kid));
    return { kid, algorithm: 'HS256', key: await hmacKey(secret) };
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

function nameOf(tenant: string, kid: string): readonly string[] {
  return ['signing_key', tenant, kid];
}

// The HMAC key is the secret's text in UTF-8, not what its base64url stands for.
function hmacKey(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  );
}
