import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DatabaseAddress, inDatabase } from '../../packages/server/src/db/address.ts';
import {
  findBinaryPackage,
  installBinaries,
} from '../../packages/server/src/db/embedded/binaries.ts';
import { prepareCluster, superuser } from '../../packages/server/src/db/embedded/cluster.ts';
import { chooseOwner } from '../../packages/server/src/db/embedded/owner.ts';
import { asArguments, settingsFor } from '../../packages/server/src/db/embedded/settings.ts';
import { ManagedProcess } from './managed-process.ts';
import { reservedPort } from './reserved-port.ts';
import { withDatabase } from './with-database.ts';

/** A PostgreSQL of a gate's own, which may be killed, paused and started again. */
export interface OwnPostgres extends AsyncDisposable {
  readonly process: ManagedProcess;
  readonly port: number;
  /** PostgreSQL's files. */
  readonly cluster: string;
  /** The one database, as its owner; over TCP. */
  readonly address: DatabaseAddress;
  readonly url: string;
}

export interface OwnPostgresOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** An existing folder to keep everything in; it stays. By default one that goes at the end. */
  readonly folder?: string;
}

const database = 'parley';

/**
 * Starts a PostgreSQL as an operator runs one: over TCP, with nobody who brings it back.
 *
 * Its settings are those of the embedded one, its database is empty.
 */
export async function startOwnPostgres({
  settings = {},
  folder: given,
}: OwnPostgresOptions = {}): Promise<OwnPostgres> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'parley-postgres-')));
  const remove = async () => {
    if (given === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    // As root PostgreSQL is another user, who has to get in.
    await chmod(folder, 0o711);
    const cluster = join(folder, 'cluster');
    const owner = await chooseOwner(cluster, () => {});
    const [found, run] = [await findBinaryPackage(), join(folder, 'run')];
    const binaries = await installBinaries(found, join(folder, 'binaries'));
    await prepareCluster(cluster, binaries, found.major, owner);
    await mkdir(run, { recursive: true, mode: 0o700 });
    await chown(run, owner.uid, owner.gid);
    const port = await reservedPort();
    const all = {
      ...settingsFor(run),
      listen_addresses: '127.0.0.1',
      port: String(port),
      max_connections: '120',
      // To its output, where the gate reads it.
      log_destination: 'stderr',
      ...settings,
    };
    const url = `postgres://${superuser}@127.0.0.1:${port}/${database}`;
    const home = inDatabase({ kind: 'url', url }, 'postgres');
    const postgres = await ManagedProcess.start({
      name: 'postgres',
      command: join(binaries, 'bin', 'postgres'),
      arguments: ['-D', cluster, ...asArguments(all)],
      options: {
        cwd: folder,
        env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
        ...owner.spawn,
      },
      stopSignal: 'SIGINT',
      stopMs: 30_000,
      whenUp: ({ poll }) => poll(() => withDatabase(home, async () => true).catch(() => false)),
    });
    try {
      await withDatabase(home, (session) => session.query(`create database ${database}`));
    } catch (error) {
      await postgres.stop();
      throw error;
    }
    return {
      process: postgres,
      port,
      cluster,
      address: { kind: 'url', url },
      url,
      async [Symbol.asyncDispose]() {
        await postgres.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const run = promisify(execFile);

/** The processes of a postmaster, itself included: killing it alone leaves them for a moment. */
export async function processesOf(postmaster: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(postmaster)]).catch(() => ({
    stdout: '',
  }));
  return [
    postmaster,
    ...stdout
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0),
  ];
}
