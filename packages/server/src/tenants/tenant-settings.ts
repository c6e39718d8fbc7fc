import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { TenantSettings } from '../db/tables.ts';

interface Parts {
  readonly db: Database;
  readonly now: () => number;
}

interface Kept<T> {
  readonly value: Promise<T>;
  readonly until: number;
}

const keptMs = 5_000;
const missedMs = 1_000;
const keptEntries = 1_000;

/** Tenants' settings as the edges ask for them: at most five seconds old. */
export class TenantSettingsCache {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #settings = new Map<string, Kept<TenantSettings>>();
  #origins: { readonly value: Promise<ReadonlySet<string>>; readonly at: number } | undefined;

  constructor({ db, now }: Parts) {
    this.#db = db;
    this.#now = now;
  }

  /** Settings of a tenant; an unknown one has none. */
  of(tenant: string): Promise<TenantSettings> {
    return this.#remember(this.#settings, tenant, () => this.#read(tenant));
  }

  /** Reads anew what was changed on this node: a tenant's settings, and who lists which origin. */
  forget(tenant: string): void {
    this.#settings.delete(tenant);
    this.#origins = undefined;
  }

  /** Whether any tenant lists this origin: asked before anybody has said who they are. */
  async someTenantLists(origin: string): Promise<boolean> {
    const known = this.#origins;
    if (known !== undefined) {
      const ageMs = this.#now() - known.at;
      const lists = ageMs < keptMs && (await known.value).has(origin);
      // One that is not known may have been listed just now; inventing origins asks no more often.
      if (lists || ageMs < missedMs) return lists;
    }
    return (await this.#originsNow()).has(origin);
  }

  /** All origins that are listed: asked one by one, each invented one would be a question. */
  #originsNow(): Promise<ReadonlySet<string>> {
    const origins = { value: this.#readOrigins(), at: this.#now() };
    this.#origins = origins;
    origins.value.catch(() => {
      if (this.#origins === origins) this.#origins = undefined;
    });
    return origins.value;
  }

  async #read(tenant: string): Promise<TenantSettings> {
    const row = await this.#db
      .of(tenant)
      .sql.selectFrom('tenant')
      .select('settings')
      .where('id', '=', tenant)
      .executeTakeFirst();
    return row?.settings ?? {};
  }

  async #readOrigins(): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ origin: string }>`
      select distinct jsonb_path_query(settings, '$.allowed_origins[*]') #>> '{}' as origin
      from tenant where settings ? 'allowed_origins'`.execute(this.#db.core);
    return new Set(rows.map((row) => row.origin));
  }

  #remember<T>(kept: Map<string, Kept<T>>, key: string, read: () => Promise<T>): Promise<T> {
    const now = this.#now();
    const known = kept.get(key);
    if (known !== undefined && known.until > now) return known.value;
    // Emptied rather than trimmed: tenants' names come from outside, and a full map is somebody's flood.
    if (kept.size >= keptEntries) kept.clear();
    const value = read();
    kept.set(key, { value, until: now + keptMs });
    // Only its own failure: meanwhile it may have been forgotten, and read anew.
    value.catch(() => kept.get(key)?.value === value && kept.delete(key));
    return value;
  }
}
