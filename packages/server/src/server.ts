import { createServer, type Server as HttpServer, type ServerOptions } from 'node:http';
import type { BlockList } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { Gauge, Histogram, Registry } from 'prom-client';
import type { Bus } from './bus/bus.ts';
import type { Context } from './context.ts';
import { readJoined } from './conversations/read-joined.ts';
import type { Database } from './db/database.ts';
import type { DemoPerson } from './demo/people.ts';
import { Gateway } from './gateway/gateway.ts';
import { Greeting } from './gateway/greeting.ts';
import { Heads } from './gateway/heads.ts';
import { Hub } from './gateway/hub.ts';
import { Memberships } from './gateway/memberships.ts';
import { Origins } from './gateway/origins.ts';
import { Watching } from './gateway/watching.ts';
import { createApp } from './http/app.ts';
import type { HttpConfig } from './http/parts.ts';
import { readJoinedVersions } from './members/joined-versions.ts';
import { GroupCommit } from './messages/group-commit.ts';
import { OperatorError } from './operator-error.ts';
import { prefixOf } from './path-prefix.ts';
import { PresenceDesk } from './presence/presence.ts';
import type { PresenceStore } from './presence/store/store.ts';
import type { Scope } from './scope.ts';
import { EpochReader } from './sync/epoch-reader.ts';
import { readGap } from './sync/read-gap.ts';
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
  const contextOf = (scope: Scope): Context => ({ scope, db, bus, append, now });
  const keys = new SigningKeys({ db, secretKey: config.encryptionKey, now });
  const settings = new TenantSettingsCache({ db, now });
  const presence = new PresenceDesk({ store: parts.presenceStore, bus, db, now, onError });
  const epoch = new EpochReader(db);
  const hub = new Hub({
    bus,
    memberships: new Memberships(db),
    readGap: ({ tenant, conversation }, version, lastSeq) =>
      readGap(db, { tenant, conversation, version, lastSeq }),
    readMembers: (room, users) => readJoinedVersions(db, room, users),
    readJoined: (scope, joined) => readJoined(contextOf(scope), joined),
    onError,
  });
  const heads = new Heads({ db, hub, onError });
  const gateway = new Gateway({
    commands: {
      contextOf,
      hub,
      greeting: new Greeting({
        keys,
        settings,
        hub,
        presence,
        contextOf,
        readEpoch: () => epoch.read(),
        now,
      }),
      watching: new Watching(hub, presence),
    },
    origins: new Origins({
      publicUrl: config.publicUrl,
      allowedOrigins: config.allowedOrigins,
      someTenantLists: (origin) => settings.someTenantLists(origin),
      isTrustedProxy: (address) =>
        config.trustedProxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4'),
    }),
    prefix: prefixOf(config.publicUrl),
    rateScale: config.rateScale,
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
    metrics: metricsOf(gateway, groupSize),
    log,
    ready: () => ready,
    pageFolder: config.pageFolder,
    ...(demoPeople === undefined ? {} : { demo: { people: async () => demoPeople } }),
  });
  // Old health checkers speak HTTP/1.0 and name no host.
  const listener = getRequestListener(app.fetch, { hostname: 'localhost' });
  const http = createServer(doorOptions, (request, response) => void listener(request, response));
  http.on('upgrade', (request, stream, head) => {
    gateway.upgrade(request, stream, head).catch((error: unknown) => {
      onError(error);
      stream.destroy();
    });
  });
  const port = await listen(http, config.port, config.host);

  return {
    port,
    async drain() {
      ready = false;
      const httpClosed = new Promise((resolve) => http.close(resolve));
      await gateway.drain(append.close());
      await heads.close();
      hub.close();
      await presence.close();
      http.closeIdleConnections();
      const stragglers = setTimeout(() => http.closeAllConnections(), stragglersMs);
      await httpClosed;
      clearTimeout(stragglers);
    },
  };
}

const doorOptions: ServerOptions = {
  // Who sends a request drop by drop is cut off; milliseconds for its head, and for all of it.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  // Clients that offer HTTP/2 beside (Java's do) are answered as if they had not: RFC 9110, 7.8.
  shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
};

/** Requests that are still being answered when the server ends get this long. */
const stragglersMs = 3_000;

function listen(http: HttpServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      reject(new OperatorError(cannotListen(error, port, host), error));
    };
    http.once('error', refuse);
    http.listen(port, host, () => {
      http.removeListener('error', refuse);
      const address = http.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function cannotListen(error: NodeJS.ErrnoException, port: number, host: string): string {
  const place = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${place} is taken by another program. Stop it, or choose another port with PORT.`;
    case 'EACCES':
      return `This user may not listen at ${place}. Choose a PORT from 1024 on.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine. Set HOST to one that is.`;
    default:
      return `Cannot listen at ${place}: ${error.message}`;
  }
}

function groupSizeHistogram(): Histogram {
  return new Histogram({
    name: 'parley_append_group_size',
    help: 'Messages that were stored by one commit.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers: [],
  });
}

function metricsOf(gateway: Gateway, groupSize: Histogram): Registry {
  const registry = new Registry();
  registry.registerMetric(groupSize);
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
