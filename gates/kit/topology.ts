import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import type { TcpProxy } from '../faults/tcp-proxy.ts';
import { type Answer, type HttpCall, httpCall } from './http-call.ts';
import type { Inside } from './inside.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { RedisProcess } from './redis-process.ts';
import { startServerProcess } from './server-process.ts';
import type { Tenant } from './tenant.ts';

/**
 * An installation that a gate may harm: one embedded process, or several nodes behind nginx.
 *
 * Both have the same shape, so that a gate runs on either.
 */
export interface Topology extends AsyncDisposable {
  readonly kind: 'embedded' | 'cluster';
  readonly nodes: readonly Node[];
  /** Where clients go: nginx, or the only node. */
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly socketUrl: string;
  readonly operatorKey: string;
  /** The database, straight, as the owner of the tables; for what a gate looks up or sets up. */
  readonly address: DatabaseAddress;
  /** Undefined where other gates use it too. */
  readonly postgres: Postgres | undefined;
  readonly redis: RedisProcess | undefined;
  readonly nginx: ManagedProcess | undefined;
  /** Of the links that were asked for: by node, and the one before nginx. */
  readonly proxies: {
    readonly redis: readonly TcpProxy[];
    readonly postgres: readonly TcpProxy[];
    readonly clients: readonly TcpProxy[];
    readonly front: TcpProxy | undefined;
  };
  /** What all nodes logged. */
  log(): string;
  call(method: string, path: string, call?: HttpCall): Promise<Answer>;
  /** A tenant with these people, made over HTTP as a host product does. */
  tenant(people?: readonly string[]): Promise<Tenant>;
}

/** A PostgreSQL of the topology's own. */
export interface Postgres {
  /** The folder of its files. */
  readonly cluster: string;
  /** The postmaster's. */
  pid(): Promise<number>;
  /** Signals the postmaster and waits for its end. The embedded one is brought back by its server. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when it takes connections: started again, or brought back by the server. */
  restart(): Promise<void>;
  /** SIGSTOP for all its processes. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  log(): Promise<string>;
}

/** One server process. */
export interface Node extends AsyncDisposable {
  readonly index: number;
  readonly pid: number;
  /** Where clients, and nginx, reach it: through its proxy if that was asked for. */
  readonly port: number;
  /** Where it listens itself. */
  readonly ownPort: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly socketUrl: string;
  readonly operatorKey: string;
  /** What only its process knows; new after each start. */
  readonly inside: Inside;
  /** Why it ended; undefined while it runs. */
  readonly ended: string | undefined;
  /** Resolves when the process that runs now has ended. */
  readonly exit: Promise<void>;
  /** What all its starts logged, the last 400 KB of it. */
  log(): string;
  call(method: string, path: string, call?: HttpCall): Promise<Answer>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it with this signal (SIGKILL), and resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port; one that still runs gets SIGTERM first. */
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

/** What it takes to start a node. */
export interface NodePlan {
  readonly index: number;
  readonly port: number;
  readonly clientPort: number;
  readonly operatorKey: string;
  readonly env: Readonly<Record<string, string>>;
  /** Another `main.ts`, of a neighbouring version say. */
  readonly program?: string;
}

/** Starts a node and resolves when it serves. */
export async function startNode(plan: NodePlan): Promise<Node> {
  const { index, port, clientPort, operatorKey } = plan;
  const server = await startServerProcess(plan);
  const { process } = server;
  return {
    index,
    get pid() {
      return process.pid;
    },
    port: clientPort,
    ownPort: port,
    url: `http://127.0.0.1:${clientPort}`,
    socketUrl: `ws://127.0.0.1:${clientPort}/v1/ws`,
    operatorKey,
    get inside() {
      return server.inside;
    },
    get ended() {
      return process.ended;
    },
    get exit() {
      return process.exit;
    },
    log: () => process.log(),
    call: (method, path, call) => httpCall(clientPort, method, path, call),
    signal: (signal) => process.signal(signal),
    kill: (signal) => process.kill(signal),
    restart: () => process.restart(),
    pause: () => process.pause(),
    resume: () => process.resume(),
    [Symbol.asyncDispose]: () => process.stop(),
  };
}
