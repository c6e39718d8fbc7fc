import { timingSafeEqual } from 'node:crypto';
import { ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { ApiKeyScope } from '../policy/right.ts';
import { type ApiKey, hashSecret, parseApiKey } from './api-key.ts';

interface Parts {
  readonly db: Database;
  readonly now: () => number;
  /** Hears when a last use could not be written down. */
  readonly onError: (error: unknown) => void;
}

/** Who shows a good API key. */
export interface KeyHolder {
  readonly tenant: string;
  /** Of the key; may be shown. */
  readonly id: string;
}

const noteEveryMs = 60_000;
const keptNotes = 10_000;

/**
 * Lets tenants' servers in by their API keys, and notes when each was last used.
 *
 * The note is written beside the request, once a minute at the most: nobody waits for it.
 */
export class ApiKeys {
  readonly #parts: Parts;
  readonly #noted = new Map<string, number>();
  readonly #writing = new Set<Promise<void>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Whose key this is, when it may do what `scope` says.
   *
   * Throws `unauthorized` when it is unknown, wrong, expired or of a suspended tenant; `not_allowed`
   * when it lacks the scope.
   */
  async admit(text: string, scope: ApiKeyScope): Promise<KeyHolder> {
    const key = parseApiKey(text);
    if (key === undefined) throw new ParleyError('unauthorized');
    const row = await this.#read(key);
    const given = hashSecret(key.secret);
    // Compared with itself when there is no such key: both answers take the same time.
    const equal = timingSafeEqual(row?.secret_hash ?? given, given);
    if (row === undefined || !equal) throw new ParleyError('unauthorized');
    const { expires_at, suspended_at, scopes } = row;
    const expired = expires_at !== null && expires_at.getTime() <= this.#parts.now();
    if (expired || suspended_at !== null) throw new ParleyError('unauthorized');
    this.#note(key);
    if (!covers(scopes, scope)) {
      throw new ParleyError('not_allowed', {
        message: `This API key may not do that: it lacks the scope "${scope}".`,
      });
    }
    return { tenant: key.tenant, id: key.id };
  }

  /** Resolves when nothing is being written any more. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #read({ tenant, id }: ApiKey) {
    return this.#parts.db
      .of(tenant)
      .sql.selectFrom('api_key')
      .innerJoin('tenant', 'tenant.id', 'api_key.tenant_id')
      .select(['secret_hash', 'scopes', 'expires_at', 'suspended_at'])
      .where('api_key.tenant_id', '=', tenant)
      .where('api_key.id', '=', id)
      .executeTakeFirst();
  }

  #note({ tenant, id }: ApiKey): void {
    const name = `${tenant}:${id}`;
    const now = this.#parts.now();
    const last = this.#noted.get(name);
    if (last !== undefined && now - last < noteEveryMs) return;
    if (this.#noted.size >= keptNotes) this.#noted.clear();
    this.#noted.set(name, now);
    const writing: Promise<void> = this.#write(tenant, id, new Date(now))
      .catch(this.#parts.onError)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #write(tenant: string, id: string, at: Date): Promise<void> {
    await sql`
      update api_key set last_used_at = ${at}
      where tenant_id = ${tenant} and id = ${id}
        and (last_used_at is null or last_used_at < ${at})`.execute(this.#parts.db.of(tenant).sql);
  }
}

/** Whether scopes, as stored, include one; `all` includes every other. */
export function covers(scopes: readonly string[], scope: ApiKeyScope): boolean {
  return scopes.includes('all') || scopes.includes(scope);
}
