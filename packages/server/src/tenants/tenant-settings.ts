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
const keptEntries = 1_000;

/** Tenants' settings as the edges ask for them: at most five seconds old. */
export class TenantSettingsCache {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #settings = new Map<string, Kept<TenantSettings>>();
  readonly #origins = new Map<string, Kept<boolean>>();

  constructor({ db, now }: Parts) {
    this.#db = db;
    this.#now = now;
  }

  /** Settings of a tenant; an unknown one has none. */
  of(tenant: string): Promise<TenantSettings> {
    return this.#remember(this.#settings, tenant, () => this.#read(tenant));
  }

  /** Whether any tenant lists this origin: asked before anybody has said who they are. */
  someTenantLists(origin: string): Promise<boolean> {
    return this.#remember(this.#origins, origin, () => this.#isListed(origin));
  }

  async #read(tenant: string): Promise<TenantSettings> {
    const row = await this.#db.sql
      .selectFrom('tenant')
      .select('settings')
      .where('id', '=', tenant)
      .executeTakeFirst();
    return row?.settings ?? {};
  }

  async #isListed(origin: string): Promise<boolean> {
    const wanted = JSON.stringify({ allowed_origins: [origin] });
    const { rows } = await sql`
      select id from tenant where settings @> ${wanted}::jsonb limit 1`.execute(this.#db.sql);
    return rows.length > 0;
  }

  #remember<T>(kept: Map<string, Kept<T>>, key: string, read: () => Promise<T>): Promise<T> {
    const now = this.#now();
    const known = kept.get(key);
    if (known !== undefined && known.until > now) return known.value;
    // Emptied rather than trimmed: origins come from outside, and a full map is somebody's flood.
    if (kept.size >= keptEntries) kept.clear();
    const value = read();
    kept.set(key, { value, until: now + keptMs });
    value.catch(() => kept.delete(key));
    return value;
  }
}
