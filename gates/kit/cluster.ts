import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { TcpProxy } from '../faults/tcp-proxy.ts';
import { httpCall } from './http-call.ts';
import type { ManagedProcess } from './managed-process.ts';
import { startNginx } from './nginx-process.ts';
import { type OwnPostgresOptions, startOwnPostgres } from './own-postgres.ts';
import type { GatePostgres } from './postgres.ts';
import { startRedisProcess } from './redis-process.ts';
import { reservedPort } from './reserved-port.ts';
import type { SeededRandom } from './seeded-random.ts';
import { createTenant } from './tenant.ts';
import { type Node, type NodePlan, type Postgres, startNode, type Topology } from './topology.ts';

/** A link that may lead through a fault proxy; each node has its own, `front` is one before nginx. */
export type Link = 'redis' | 'postgres' | 'clients' | 'front';

export interface ClusterOptions {
  /** How many server processes; 3 by default. */
  readonly nodes?: number;
  /** For every node, beside what they need. */
  readonly env?: Readonly<Record<string, string>>;
  /** For one node, by its index, beside what all have. */
  readonly nodeEnv?: (index: number) => Readonly<Record<string, string>>;
  /** Links that lead through fault proxies. */
  readonly proxied?: readonly Link[];
  /** A PostgreSQL that may be killed; otherwise a database of the gate's. */
  readonly ownPostgres?: boolean;
  /** Settings of that own PostgreSQL. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** Where that PostgreSQL keeps its files: an existing folder, which stays. */
  readonly postgresFolder?: string;
  readonly redisSettings?: readonly string[];
  readonly balance?: 'round_robin' | 'least_conn';
}

/** Several nodes over one PostgreSQL and one Redis, behind nginx: all of them real processes. */
export async function startCluster(
  postgres: () => Promise<GatePostgres>,
  random: SeededRandom,
  {
    nodes: count = 3,
    env = {},
    nodeEnv = () => ({}),
    proxied = [],
    ownPostgres = false,
    postgresSettings = {},
    postgresFolder,
    redisSettings = [],
    balance = 'round_robin',
  }: ClusterOptions = {},
): Promise<Topology> {
  await using stack = new AsyncDisposableStack();
  const operatorKey = randomBytes(24).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'parley-cluster-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  const [database, redis] = await Promise.all([
    openDatabase(
      stack,
      postgres,
      ownPostgres
        ? {
            settings: postgresSettings,
            ...(postgresFolder === undefined ? {} : { folder: postgresFolder }),
          }
        : undefined,
    ),
    startRedisProcess(redisSettings).then((redis) => stack.use(redis)),
  ]);

  const proxies: Record<Exclude<Link, 'front'>, TcpProxy[]> = {
    redis: [],
    postgres: [],
    clients: [],
  };
  const open = async (link: Link, target: { port: number } | { path: string }) =>
    proxied.includes(link) ? stack.use(await TcpProxy.open({ target, random })) : undefined;

  const planNode = async (index: number) => {
    const port = await reservedPort();
    const toRedis = await open('redis', { port: redis.port });
    const toPostgres = await open('postgres', database.target);
    const toNode = await open('clients', { port });
    if (toRedis !== undefined) proxies.redis.push(toRedis);
    if (toPostgres !== undefined) proxies.postgres.push(toPostgres);
    if (toNode !== undefined) proxies.clients.push(toNode);
    return {
      index,
      port,
      clientPort: toNode?.port ?? port,
      operatorKey,
      env: {
        DATABASE_URL: database.through(toPostgres?.port),
        REDIS_URL: `redis://127.0.0.1:${toRedis?.port ?? redis.port}`,
        PARLEY_OPERATOR_KEY: operatorKey,
        PARLEY_DATA_DIR: join(folder, 'data'),
        TRUSTED_PROXIES: '127.0.0.1',
        ...env,
        ...nodeEnv(index),
      },
    };
  };
  const plans: NodePlan[] = [];
  for (let index = 0; index < count; index++) plans.push(await planNode(index));
  const nodes = await startAll(stack, plans);
  const nginx = stack.use(await startNginx({ nodes: nodes.map(({ port }) => port), balance }));
  const front = await open('front', { port: nginx.port });

  const port = front?.port ?? nginx.port;
  const rest = stack.move();
  const cluster: Topology = {
    kind: 'cluster',
    nodes,
    port,
    url: `http://127.0.0.1:${port}`,
    socketUrl: `ws://127.0.0.1:${port}/v1/ws`,
    operatorKey,
    address: database.address,
    postgres: database.postgres,
    redis,
    nginx: nginx.process,
    proxies: { ...proxies, front },
    log: () => nodes.map((node) => `--- node ${node.index}\n${node.log()}`).join('\n'),
    call: (method, path, call) => httpCall(port, method, path, call),
    tenant: (people = []) => createTenant(cluster, people),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
  return cluster;
}

/** When one does not start the others are ended with the stack all the same. */
async function startAll(stack: AsyncDisposableStack, plans: readonly NodePlan[]): Promise<Node[]> {
  const started = await Promise.allSettled(plans.map((plan) => startNode(plan)));
  const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  for (const node of nodes) stack.use(node);
  for (const one of started) if (one.status === 'rejected') throw one.reason;
  return nodes;
}

interface ClusterDatabase {
  readonly address: DatabaseAddress;
  readonly postgres: Postgres | undefined;
  /** Where a proxy finds it. */
  readonly target: { readonly port: number } | { readonly path: string };
  /** DATABASE_URL, by way of a proxy's port or straight. */
  through(port: number | undefined): string;
}

async function openDatabase(
  stack: AsyncDisposableStack,
  postgres: () => Promise<GatePostgres>,
  own: OwnPostgresOptions | undefined,
): Promise<ClusterDatabase> {
  if (own !== undefined) {
    const { process, port, url, address, cluster } = stack.use(await startOwnPostgres(own));
    return {
      address,
      postgres: {
        cluster,
        pid: async () => process.pid,
        kill: (signal) => process.kill(signal),
        restart: () => restartPostgres(process),
        pause: async () => process.pause(),
        resume: async () => process.resume(),
        log: async () => process.log(),
      },
      target: { port },
      through: (proxy) => withPort(url, proxy ?? port),
    };
  }
  const database = await (await postgres()).createDatabase();
  stack.defer(() => database.drop());
  const { address } = database;
  if (address.kind !== 'socket') throw new Error('the PostgreSQL of gates is not at a socket');
  return {
    address,
    postgres: undefined,
    target: { path: join(address.folder, '.s.PGSQL.5432') },
    through: (proxy) =>
      proxy === undefined
        ? database.url
        : `postgres://${address.user}@127.0.0.1:${proxy}/${address.database}`,
  };
}

const leftoversMs = 30_000;

/** After its postmaster was killed, PostgreSQL's other processes need a moment to go. */
async function restartPostgres(process: ManagedProcess): Promise<void> {
  for (const until = Date.now() + leftoversMs; ; ) {
    try {
      await process.restart();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}
