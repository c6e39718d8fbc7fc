import type { BlockList } from 'node:net';
import type { Logger } from 'pino';
import { bounds } from '../limits/bounds.ts';
import { FairTurns } from '../limits/fair-turns.ts';
import { Limits } from '../limits/limits.ts';
import type { RateName } from '../limits/rates.ts';
import type { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import { ClientAddresses } from './client-address.ts';
import { doorHeaders } from './door-headers.ts';
import { Origins } from './origins.ts';

interface DoorsOptions {
  readonly publicUrl: URL | undefined;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: BlockList;
  readonly rateScale: number;
  readonly settings: TenantSettingsCache;
  readonly log: Logger;
  readonly onRefused?: (name: RateName) => void;
}

/** What all doors share: who is at them, which pages may ask, how often, and in which order. */
export interface Doors {
  readonly addresses: ClientAddresses;
  readonly origins: Origins;
  readonly limits: Limits;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes what the doors share, of one server; `limits` is the caller's to close. */
export function createDoors(options: DoorsOptions): Doors {
  const { publicUrl, settings, log } = options;
  const addresses = new ClientAddresses(options.trustedProxies, (peer) => {
    log.warn(
      `X-Forwarded-For from ${peer} is not believed. If that is your proxy, name it in ` +
        'TRUSTED_PROXIES: all its clients count as one address now.',
    );
  });
  return {
    addresses,
    origins: new Origins({
      publicUrl,
      allowedOrigins: options.allowedOrigins,
      someTenantLists: (origin) => settings.someTenantLists(origin),
      listedBy: async (tenant) => (await settings.of(tenant)).allowed_origins ?? [],
      isTrustedProxy: (address) => addresses.isTrusted(address),
    }),
    limits: new Limits({
      scale: options.rateScale,
      ...(options.onRefused === undefined ? {} : { onRefused: options.onRefused }),
    }),
    turns: new FairTurns({
      most: bounds.questions,
      each: bounds.questionsPerTenant,
      waiting: bounds.questionsWaiting,
    }),
    headers: doorHeaders(publicUrl),
  };
}
