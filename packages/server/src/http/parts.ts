import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Actor } from '../audit/actor.ts';
import type { Bus } from '../bus/bus.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { DemoPerson } from '../demo/people.ts';
import type { Doors } from '../doors/doors.ts';
import type { PageOrigin } from '../doors/origins.ts';
import type { Append } from '../messages/append.ts';
import type { SafeFetch } from '../outbound/safe-fetch.ts';
import type { ApiKeys } from '../tenants/api-keys.ts';
import type { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';

/** What the HTTP side needs of the configuration. */
export interface HttpConfig {
  /** The address people use, with its path prefix; undefined when not set. */
  readonly publicUrl: URL | undefined;
  readonly demo: boolean;
  /** Origins, besides the server's own, whose pages may call. */
  readonly allowedOrigins: readonly string[];
  readonly operatorKey: string;
}

/** Everything the HTTP side works with; handed in by the composition root. */
export interface AppParts {
  readonly config: HttpConfig;
  readonly db: Database;
  readonly bus: Bus;
  readonly append: Append;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly keys: SigningKeys;
  readonly apiKeys: ApiKeys;
  readonly settings: TenantSettingsCache;
  /** Fetches from addresses that tenants chose. */
  readonly outbound: SafeFetch;
  readonly doors: Doors;
  readonly metrics: Registry;
  readonly log: Logger;
  /** Why it should get no work, for the operator; undefined when it should. */
  readonly notReady: () => string | undefined;
  /** Where the built chat page lies. */
  readonly pageFolder: string;
  /** Present in demo mode: the people one can sign in as, in the order shown. */
  readonly demo?: { readonly people: () => Promise<readonly DemoPerson[]> };
}

/** What a request carries through the handlers. */
export interface HttpEnv {
  /** Node's own request, where there is one: tests may call without. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** What the client's address counts as. */
    address: string;
    /** The page that asks, where one does. */
    origin: PageOrigin | undefined;
    /** When the guard looked who it is, in milliseconds. */
    admittedAt: number;
    /** How long that took, in milliseconds. */
    guardMs: number;
    /** The tenant of a verified API key. */
    tenant: string;
    /** Who acts for a tenant or the installation: a verified API key, or the operator. */
    actor: Actor;
    /** What actions work with, for the person of a verified user token. */
    ctx: Context;
  };
}
