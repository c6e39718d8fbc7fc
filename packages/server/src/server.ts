import type { BlockList } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { Bus } from './bus/bus.ts';
import type { Context } from './context.ts';
import { readJoined } from './conversations/read-joined.ts';
import type { Database } from './db/database.ts';
import type { DemoPerson } from './demo/people.ts';
import { createDoors } from './doors/doors.ts';
import { createFrontDoor } from './doors/front-door.ts';
import { listen } from './doors/listen.ts';
import { answerOf } from './doors/raw-answer.ts';
import { Doorstep } from './gateway/doorstep.ts';
import { Gateway } from './gateway/gateway.ts';
import { Greeting } from './gateway/greeting.ts';
import { Heads } from './gateway/heads.ts';
import { Hub } from './gateway/hub.ts';
import { Memberships } from './gateway/memberships.ts';
import { Watching } from './gateway/watching.ts';
import { createApp } from './http/app.ts';
import type { HttpConfig } from './http/parts.ts';
import { KeySourceJob } from './jobs/read-key-sources.ts';
import { readJoinedVersions } from './members/joined-versions.ts';
import { GroupCommit } from './messages/group-commit.ts';
import { SafeFetch } from './outbound/safe-fetch.ts';
import { prefixOf } from './path-prefix.ts';
import { PresenceDesk } from './presence/presence.ts';
import type { PresenceStore } from './presence/store/store.ts';
import type { Scope, Session } from './scope.ts';
import { EpochReader } from './sync/epoch-reader.ts';
import { readGap } from './sync/read-gap.ts';
import { ApiKeys } from './tenants/api-keys.ts';
import { TenantSettingsCache } from './tenants/tenant-settings.ts';
import { SigningKeys } from './tokens/signing-keys.ts';

/** What a server is made of; the composition root picks the implementations. */
export interface ServerParts {
  readonly config: HttpConfig & {
    /** 0 takes any free port. */
    readonly port: number;
    readonly host: string;
    readonly rateScale: number;
    readonly trustedProxies: BlockList;
    /** 32 bytes that encrypt signing secrets at rest. */
    readonly encryptionKey: Uint8Array;
    /** `host:port` pairs that tenants' addresses may lead to wherever they are, also without TLS. */
    readonly privateHosts: readonly string[];
    /** Where the built chat page lies. */
    readonly pageFolder: string;
  };
  readonly db: Database;
  readonly bus: Bus;
  readonly presenceStore: PresenceStore;
  readonly log: Logger;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
  /** The people one can sign in as; only in demo mode. */
  readonly demoPeople?: readonly DemoPerson[];
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Answers what it has been asked, tells clients when to come back, closes everything of its own. */
  drain(): Promise<void>;
}

/** Connects the parts and listens. The database, bus and store stay the caller's to close. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { config, db, bus, log, now = Date.now } = parts;
  const onError = (error: unknown) => log.error({ err: error }, 'background work failed');
  const groupSize = groupSizeHistogram();
  const onGroup = (size: number) => groupSize.observe(size);
  const append = new GroupCommit({ db, bus, now, onError, onGroup });
  const contextOf = (scope: Scope, session: Session): Context => ({
    scope,
    session,
    db: db.of(scope.tenant),
    bus,
    append,
    now,
  });
  const keys = new SigningKeys({ db, secretKey: config.encryptionKey, now });
  const settings = new TenantSettingsCache({ db, now });
  const apiKeys = new ApiKeys({ db, now, onError });
  const outbound = new SafeFetch({ privateHosts: config.privateHosts });
  const keySources = new KeySourceJob({
    db,
    contextOf: (tenant) => ({
      tenant,
      actor: { kind: 'system' },
      db: db.of(tenant),
      bus,
      keys,
      settings,
      outbound,
      now,
    }),
    now,
    onError,
  });
  const presence = new PresenceDesk({ store: parts.presenceStore, bus, db, now, onError });
  const epoch = new EpochReader(db);
  const hub = new Hub({
    bus,
    memberships: new Memberships(db),
    readGap: ({ tenant, conversation }, version, lastSeq) =>
      readGap(db, { tenant, conversation, version, lastSeq }),
    readMembers: (room, users) => readJoinedVersions(db, room, users),
    readJoined: (scope, joined) => readJoined({ scope, db: db.of(scope.tenant) }, joined),
    onPlaceEnded: (scope) => watching.review(scope),
    onError,
  });
  const heads = new Heads({ db, hub, onError });
  const refused = refusedCounter();
  const doors = createDoors({
    publicUrl: config.publicUrl,
    allowedOrigins: config.allowedOrigins,
    trustedProxies: config.trustedProxies,
    rateScale: config.rateScale,
    settings,
    log,
    onRefused: (rate) => refused.inc({ rate }),
  });
  const { addresses, origins, limits, turns, headers } = doors;
  const watching = new Watching({ hub, presence, db, turns, onError });
  const gateway = new Gateway({
    commands: {
      contextOf,
      hub,
      greeting: new Greeting({
        keys,
        origins,
        settings,
        hub,
        presence,
        db,
        turns,
        readEpoch: () => epoch.read(),
        now,
      }),
      watching,
    },
    doorstep: new Doorstep({
      addresses,
      origins,
      limits,
      prefix: prefixOf(config.publicUrl),
      headers,
    }),
    limits,
    turns,
    log,
  });

  let ready = true;
  const { demoPeople } = parts;
  const app = createApp({
    config,
    db,
    bus,
    append,
    now,
    keys,
    apiKeys,
    settings,
    outbound,
    doors,
    metrics: metricsOf(gateway, [groupSize, refused]),
    log,
    ready: () => ready,
    pageFolder: config.pageFolder,
    ...(demoPeople === undefined ? {} : { demo: { people: async () => demoPeople } }),
  });
  // Old health checkers speak HTTP/1.0 and name no host.
  const listener = getRequestListener(app.fetch, {
    hostname: 'localhost',
    // What has no readable address never comes to the application, which catches everything else.
    errorHandler: () => answerOf({ code: 'bad_request', message: 'The address is none.' }, headers),
  });
  const http = createFrontDoor({
    publicUrl: config.publicUrl,
    addresses,
    onRequest: (request, response) => void listener(request, response),
    onUpgrade: (request, stream, head, since) => {
      gateway.upgrade(request, stream, head, since).catch((error: unknown) => {
        onError(error);
        stream.destroy();
      });
    },
  });
  const port = await listen(http, config.port, config.host);

  return {
    port,
    async drain() {
      ready = false;
      outbound.stop();
      const jobsEnded = keySources.close();
      const httpClosed = new Promise((resolve) => http.close(resolve));
      await gateway.drain(append.close());
      await heads.close();
      hub.close();
      watching.close();
      limits.close();
      await presence.close();
      http.closeIdleConnections();
      const stragglers = setTimeout(() => http.closeAllConnections(), stragglersMs);
      await httpClosed;
      clearTimeout(stragglers);
      await jobsEnded;
      await apiKeys.close();
    },
  };
}

/** Requests that are still being answered when the server ends get this long. */
const stragglersMs = 3_000;

function groupSizeHistogram(): Histogram {
  return new Histogram({
    name: 'parley_append_group_size',
    help: 'Messages that were stored by one commit.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers: [],
  });
}

function refusedCounter(): Counter<'rate'> {
  return new Counter({
    name: 'parley_rate_limited_total',
    help: 'Frames, requests and sockets that were refused for coming too often.',
    labelNames: ['rate'],
    registers: [],
  });
}

function metricsOf(gateway: Gateway, counted: readonly Metric[]): Registry {
  const registry = new Registry();
  for (const metric of counted) registry.registerMetric(metric);
  registry.registerMetric(
    new Gauge({
      name: 'parley_connections',
      help: 'Open WebSocket connections of this node.',
      registers: [],
      collect() {
        this.set(gateway.size);
      },
    }),
  );
  return registry;
}
