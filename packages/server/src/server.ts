import type { BlockList } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Bus } from './bus/bus.ts';
import { busMetrics } from './bus/bus-metrics.ts';
import type { Context } from './context.ts';
import { readJoined } from './conversations/read-joined.ts';
import type { Database } from './db/database.ts';
import type { DemoPerson } from './demo/people.ts';
import { createDoors } from './doors/doors.ts';
import { createFrontDoor } from './doors/front-door.ts';
import { listen } from './doors/listen.ts';
import { answerOf } from './doors/raw-answer.ts';
import { TroubleLog } from './doors/trouble-log.ts';
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
import { Admission } from './limits/admission.ts';
import { bounds } from './limits/bounds.ts';
import { FairTurns } from './limits/fair-turns.ts';
import type { Ledger } from './limits/ledger.ts';
import { readJoinedVersions } from './members/joined-versions.ts';
import { GroupCommit } from './messages/group-commit.ts';
import type { Standing } from './nodes/standing.ts';
import { SafeFetch } from './outbound/safe-fetch.ts';
import { prefixOf } from './path-prefix.ts';
import { PresenceDesk } from './presence/presence.ts';
import type { PresenceStore } from './presence/store/store.ts';
import type { Scope, Session } from './scope.ts';
import { closedCounter, groupSizeHistogram, metricsOf, refusedCounter } from './server-metrics.ts';
import { EpochReader } from './sync/epoch-reader.ts';
import { readGap } from './sync/read-gap.ts';
import { Syncs } from './sync/syncs.ts';
import { ApiKeys } from './tenants/api-keys.ts';
import { TenantSettingsCache } from './tenants/tenant-settings.ts';
import { SigningKeys } from './tokens/signing-keys.ts';
import { Admissions } from './users/admissions.ts';

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
  /** Counts rates together with other nodes; without, this node counts for itself. */
  readonly ledger?: Ledger | undefined;
  /** Who waits to be let in; of the usual bounds unless given. */
  readonly admission?: Admission;
  readonly log: Logger;
  /** The clock, in milliseconds; one that all nodes agree on. */
  readonly now?: () => number;
  /** How this node stands among the others on the database; without, it is the only one. */
  readonly standing?: Standing;
  /** The people one can sign in as; only in demo mode. */
  readonly demoPeople?: readonly DemoPerson[];
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /**
   * Lets go of everybody in turn and answers what it has been asked; closes everything of its own.
   *
   * It is not ready from the call on, and takes no new sockets. Requests are answered as long as there
   * are sockets, each on its connection's last; then it listens no more.
   */
  drain(): Promise<void>;
}

/** Connects the parts and listens. The database, bus and store stay the caller's to close. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { config, db, bus, log, now = Date.now, standing = alone } = parts;
  const trouble = new TroubleLog(log);
  const onError = (error: unknown) => trouble.background(error);
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
  // Apart from people's questions: thousands of holes at a time must not keep those waiting.
  const repairs = new FairTurns({
    most: bounds.repairs,
    each: bounds.repairsPerTenant,
    waiting: bounds.questionsWaiting,
  });
  const hub = new Hub({
    bus,
    memberships: new Memberships(db),
    readGap: ({ tenant, conversation }, version, lastSeq) =>
      repairs.take(tenant, () => readGap(db, { tenant, conversation, version, lastSeq })),
    readMembers: (room, users) =>
      repairs.take(room.tenant, () => readJoinedVersions(db, room, users)),
    readJoined: (scope, joined) =>
      repairs.take(scope.tenant, () => readJoined({ scope, db: db.of(scope.tenant) }, joined)),
    onPlaceEnded: (scope) => watching.review(scope),
    onReachChanged: (topic) => watching.reviewReach(topic),
    onError,
  });
  const heads = new Heads({
    db,
    hub,
    readEpoch: () => epoch.read(),
    onOtherHistory: (why) => {
      log.error({}, otherHistory[why]);
      gateway.startOver().catch(onError);
    },
    onError,
  });
  bus.onHearing((topics) => {
    heads.hear(topics);
    watching.hear(topics);
  });
  const refused = refusedCounter();
  const closed = closedCounter();
  const doors = createDoors({
    publicUrl: config.publicUrl,
    allowedOrigins: config.allowedOrigins,
    trustedProxies: config.trustedProxies,
    rateScale: config.rateScale,
    ledger: parts.ledger,
    settings,
    log,
    trouble,
    onRefused: (rate) => refused.inc({ rate }),
  });
  const { addresses, origins, limits, turns, headers, underWay } = doors;
  const {
    admission = new Admission({ atOnce: bounds.entering, longestWaitMs: bounds.entryWaitMs }),
  } = parts;
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
        admissions: new Admissions({ db, turns }),
        admission,
        readEpoch: () => epoch.read(),
        now,
      }),
      watching,
      syncs: new Syncs({ db, turns }),
    },
    doorstep: new Doorstep({
      addresses,
      origins,
      limits,
      admission,
      prefix: prefixOf(config.publicUrl),
      headers,
    }),
    limits,
    turns,
    underWay,
    trouble,
    onClosing: (reason) => closed.inc({ reason }),
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
    metrics: metricsOf({ connections: () => gateway.size, nodes: () => standing.nodes }, [
      groupSize,
      refused,
      closed,
      ...busMetrics(bus),
    ]),
    log,
    notReady: () => (ready ? standing.fault : draining),
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
    onRequest: (request, response) => {
      // Whoever asks again asks another node.
      if (!ready) response.setHeader('Connection', 'close');
      void listener(request, response);
    },
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
      await gateway.drain();
      const httpClosed = new Promise((resolve) => http.close(resolve));
      const stragglers = setTimeout(() => http.closeAllConnections(), stragglersMs);
      await httpClosed;
      clearTimeout(stragglers);
      await append.close();
      await heads.close();
      hub.close();
      watching.close();
      limits.close();
      await presence.close();
      await jobsEnded;
      await apiKeys.close();
    },
  };
}

const otherHistory = {
  'another epoch': 'the database has another history than before: all clients read it anew',
  'earlier than before':
    'the database has lost what was committed (restored, or taken over by a standby that lagged): ' +
    'run `parley epoch`, so that every client reads it anew',
};

const alone: Standing = { nodes: 1, fault: undefined };
const draining = 'The server is draining. Ask another, or again soon.';

/** Requests that are still being answered when the server ends get this long. */
const stragglersMs = 1_500;
