import type { Actor } from '../audit/actor.ts';
import type { Bus } from '../bus/bus.ts';
import type { TenantDatabase } from '../db/database.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import type { TenantSettingsCache } from './tenant-settings.ts';

/** What an action of a tenant's own server, or of the operator, works with, apart from its input. */
export interface TenantContext {
  readonly tenant: string;
  readonly actor: Actor;
  /** The rows of the tenant. */
  readonly db: TenantDatabase;
  readonly bus: Bus;
  readonly keys: SigningKeys;
  readonly settings: TenantSettingsCache;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}
