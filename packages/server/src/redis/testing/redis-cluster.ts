import { parseSlotRanges, slotCount } from '../slots.ts';
import { freePort, newFolder, RedisServer } from './redis-server.ts';

/** A real Redis cluster without replicas: `await using redis = await startRedisCluster()`. */
export async function startRedisCluster(
  masters = 3,
  more: readonly string[] = [],
): Promise<RedisCluster> {
  const servers: RedisServer[] = [];
  for (let n = 0; n < masters; n++) {
    servers.push(await startServer(more));
  }
  const cluster = new RedisCluster(servers);
  await cluster.form();
  return cluster;
}

const settings = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'],
  // What is still served stays served while one server is away.
  ...['--cluster-require-full-coverage', 'no'],
  // A replica is there at once.
  ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
];

async function startServer(more: readonly string[] = []): Promise<RedisServer> {
  const options = { settings: [...settings, ...more] };
  const server = new RedisServer(await freePort(), options, await newFolder());
  await server.start();
  return server;
}

/** The servers of a cluster, each with an equal share of the slots. */
export class RedisCluster implements AsyncDisposable {
  /** The masters at first. */
  readonly servers: readonly RedisServer[];
  readonly #replicas: RedisServer[] = [];

  constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** As `REDIS_URL` has it: all servers. */
  get url(): string {
    return this.servers.map((server) => server.url).join(',');
  }

  /** The servers meet and share the slots; settles when they agree. */
  async form(): Promise<void> {
    const share = Math.ceil(slotCount / this.servers.length);
    for (const [n, server] of this.servers.entries()) {
      const last = Math.min((n + 1) * share, slotCount) - 1;
      await server.ask('CLUSTER', 'ADDSLOTSRANGE', String(n * share), String(last));
      await server.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1));
    }
    const [first, ...others] = this.servers;
    for (const { port } of others) await first?.ask('CLUSTER', 'MEET', '127.0.0.1', String(port));
    for (const server of this.servers) {
      while (!(await this.#agrees(server))) await pause();
    }
  }

  /** Moves a slot, with nothing in it, to another server; answers false when it is there. */
  async moveSlot(slot: number, to: RedisServer): Promise<boolean> {
    const id = String(await to.ask('CLUSTER', 'MYID'));
    const ranges = parseSlotRanges(await to.ask('CLUSTER', 'SLOTS'), '127.0.0.1');
    const owner = ranges.find((range) => range.from <= slot && slot <= range.to);
    if (owner?.port === to.port) return false;
    // The new owner first: a former one that heard it from nobody would go on serving.
    const others = this.servers.filter((server) => server !== to);
    for (const server of [to, ...others]) {
      await server.ask('CLUSTER', 'SETSLOT', String(slot), 'NODE', id);
    }
    return true;
  }

  /** Gives a master a replica, which takes over a second or two after the master has died. */
  async addReplica(master: RedisServer): Promise<void> {
    const replica = await startServer();
    this.#replicas.push(replica);
    await replica.ask('CLUSTER', 'MEET', '127.0.0.1', String(master.port));
    const id = String(await master.ask('CLUSTER', 'MYID'));
    // It has to hear of its master first, and all have to hear of it.
    const follows = () => replica.ask('CLUSTER', 'REPLICATE', id).catch(() => 'not yet');
    while ((await follows()) !== 'OK') await pause();
    const isUp = async () =>
      String(await replica.ask('INFO', 'replication')).includes('master_link_status:up');
    while (!(await isUp())) await pause();
    for (const server of this.servers) {
      const known = async () =>
        String(await server.ask('CLUSTER', 'NODES')).includes(`slave ${id}`);
      while (!(await known())) await pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#replicas.map((server) => server[Symbol.asyncDispose]()));
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #agrees(server: RedisServer): Promise<boolean> {
    const info = String(await server.ask('CLUSTER', 'INFO'));
    return (
      info.includes('cluster_state:ok') &&
      info.includes(`cluster_slots_ok:${slotCount}`) &&
      info.includes(`cluster_size:${this.servers.length}`)
    );
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 25));
}
