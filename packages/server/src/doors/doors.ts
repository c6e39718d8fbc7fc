import type { BlockList } from 'node:net';
import type { Logger } from 'pino';
import { bounds } from '../limits/bounds.ts';
import { FairTurns } from '../limits/fair-turns.ts';
import type { Ledger } from '../limits/ledger.ts';
import { Limits } from '../limits/limits.ts';
import { patience } from '../limits/patience.ts';
import type { RateName } from '../limits/rates.ts';
import { UnderWay } from '../limits/under-way.ts';
import type { TenantSettingsCache } from '../tenants/tenant-settings.ts';
import { ClientAddresses } from './client-address.ts';
import { doorHeaders } from './door-headers.ts';
import { Origins } from './origins.ts';
import { TroubleLog } from './trouble-log.ts';

interface DoorsOptions {
  readonly publicUrl: URL | undefined;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: BlockList;
  readonly rateScale: number;
  /** Counts together with other nodes. */
  readonly ledger?: Ledger | undefined;
  readonly settings: TenantSettingsCache;
  readonly log: Logger;
  /** In place of one of its own. */
  readonly trouble?: TroubleLog;
  readonly onRefused?: (name: RateName) => void;
}

/** What all doors share: who is at them, which pages may ask, how often, and in which order. */
export interface Doors {
  readonly addresses: ClientAddresses;
  readonly origins: Origins;
  readonly limits: Limits;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
  /** Requests that have no answer yet. */
  readonly underWay: UnderWay;
  /** The log, for what fails again and again. */
  readonly trouble: TroubleLog;
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
      ledger: options.ledger,
      ...(options.onRefused === undefined ? {} : { onRefused: options.onRefused }),
    }),
    turns: new FairTurns({
      most: bounds.questions,
      each: bounds.questionsPerTenant,
      waiting: bounds.questionsWaiting,
      waitingInAll: bounds.questionsWaitingInAll,
      waitMs: patience.turnMs,
    }),
    underWay: new UnderWay(),
    trouble: options.trouble ?? new TroubleLog(log),
    headers: doorHeaders(publicUrl),
  };
}
