import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { superuser } from '../../packages/server/src/db/embedded/cluster.ts';
import { layoutOf } from '../../packages/server/src/db/embedded/layout.ts';
import { chooseOwner } from '../../packages/server/src/db/embedded/owner.ts';
import { waitForEnd } from '../../packages/server/src/db/embedded/processes.ts';
import { socketFolderOf } from '../../packages/server/src/db/embedded/socket-folder.ts';
import { postmasterOf } from '../../packages/server/src/db/testing/embedded-server.ts';
import { TcpProxy } from '../faults/tcp-proxy.ts';
import { processesOf } from './own-postgres.ts';
import { reservedPort } from './reserved-port.ts';
import type { SeededRandom } from './seeded-random.ts';
import { createTenant } from './tenant.ts';
import { type Postgres, startNode, type Topology } from './topology.ts';
import { withDatabase } from './with-database.ts';

export interface EmbeddedOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** An existing data folder, which stays; by default one that goes at the end. */
  readonly dataDir?: string;
  /** Clients come through a fault proxy. */
  readonly proxied?: readonly 'clients'[];
}

/** One process with its own data folder and embedded PostgreSQL, as an operator first starts it. */
export async function startEmbeddedTopology(
  random: SeededRandom,
  { env = {}, dataDir: given, proxied = [] }: EmbeddedOptions = {},
): Promise<Topology & { readonly postgres: Postgres }> {
  await using stack = new AsyncDisposableStack();
  const operatorKey = randomBytes(24).toString('hex');
  const dataDir = given ?? (await mkdtemp(join(await realpath(tmpdir()), 'parley-embedded-')));
  if (given === undefined) stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  // As root PostgreSQL is another user, who has to get in.
  await chmod(dataDir, 0o711);
  // A killed server leaves its PostgreSQL behind.
  stack.defer(() => endPostmaster(dataDir));
  const port = await reservedPort();
  const proxy = proxied.includes('clients')
    ? stack.use(await TcpProxy.open({ target: { port }, random }))
    : undefined;
  const node = stack.use(
    await startNode({
      index: 0,
      port,
      clientPort: proxy?.port ?? port,
      operatorKey,
      env: { PARLEY_OPERATOR_KEY: operatorKey, PARLEY_DATA_DIR: dataDir, ...env },
    }),
  );
  const address = await addressIn(dataDir);
  const rest = stack.move();
  const topology = {
    kind: 'embedded' as const,
    nodes: [node],
    port: node.port,
    url: node.url,
    socketUrl: node.socketUrl,
    operatorKey,
    address,
    postgres: postgresIn(dataDir, address),
    redis: undefined,
    nginx: undefined,
    proxies: {
      redis: [],
      postgres: [],
      clients: proxy === undefined ? [] : [proxy],
      front: undefined,
    },
    log: () => node.log(),
    call: node.call,
    tenant: (people: readonly string[] = []) => createTenant(topology, people),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
  return topology;
}

async function addressIn(dataDir: string): Promise<DatabaseAddress> {
  const layout = layoutOf(await realpath(dataDir));
  const owner = await chooseOwner(layout.cluster, () => {});
  const folder = socketFolderOf(layout, owner);
  return { kind: 'socket', folder, user: superuser, database: 'parley' };
}

const backMs = 60_000;

function postgresIn(dataDir: string, address: DatabaseAddress): Postgres {
  const pid = () => postmasterOf(dataDir);
  const toAll = async (signal: NodeJS.Signals) => {
    for (const each of await processesOf(await pid())) send(each, signal);
  };
  return {
    cluster: layoutOf(dataDir).cluster,
    pid,
    async kill(signal = 'SIGKILL') {
      const postmaster = await pid();
      send(postmaster, signal);
      if (!(await waitForEnd(postmaster, backMs))) throw new Error('PostgreSQL does not end');
    },
    async restart() {
      for (const until = Date.now() + backMs; Date.now() < until; ) {
        const answers = await withDatabase(address, (session) =>
          session.query('select 1').then(() => true),
        ).catch(() => false);
        if (answers) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error('the server did not bring its PostgreSQL back');
    },
    pause: () => toAll('SIGSTOP'),
    resume: () => toAll('SIGCONT'),
    log: () => readFile(layoutOf(dataDir).log, 'utf8'),
  };
}

/** Ends what a killed server left; its pid file names it, and its command line our folder. */
async function endPostmaster(dataDir: string): Promise<void> {
  const pid = await postmasterOf(dataDir).catch(() => Number.NaN);
  if (!(pid > 0)) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!command.split('\0').includes(layoutOf(dataDir).cluster)) return;
  for (const each of await processesOf(pid)) send(each, 'SIGCONT');
  send(pid, 'SIGQUIT');
  await waitForEnd(pid, 10_000);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It may have gone by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
