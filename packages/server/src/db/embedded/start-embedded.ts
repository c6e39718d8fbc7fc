import { chmod, chown, mkdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatabaseAddress } from '../address.ts';
import { findBinaryPackage, installBinaries, removeOtherBinaries } from './binaries.ts';
import { prepareCluster, superuser } from './cluster.ts';
import { Keeper } from './keeper.ts';
import { layoutOf } from './layout.ts';
import { trimLog } from './log-file.ts';
import { chooseOwner } from './owner.ts';
import type { Launch } from './postmaster.ts';
import { type Log, type Progress, withProgress } from './report.ts';
import { asArguments, settingsFor } from './settings.ts';
import { makeSocketFolder, socketFolderOf } from './socket-folder.ts';

const trimEveryMs = 10 * 60_000;

interface EmbeddedOptions {
  /** The data folder, which exists and which PostgreSQL's user can enter: see `openDataFolder`. */
  readonly dataDir: string;
  readonly progress?: Progress;
  readonly log?: Log;
  /** PostgreSQL settings that differ from ours; for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long a lock that another server holds is waited for, in ms. Default 10 s. */
  readonly lockWaitMs?: number;
  /** Another server has taken the folder while PostgreSQL was away: this one must end. */
  readonly onLost?: (error: Error) => void;
}

/** A PostgreSQL of our own that runs and is locked for this server. */
export interface EmbeddedPostgres {
  readonly address: DatabaseAddress;
  /** Ends it cleanly. Close the database first: what is connected is cut off. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of a data folder, or takes over one that a killed server left running.
 *
 * If it dies it is started again; connections break meanwhile. Throws with a message for the
 * operator when the folder is in use by another server, holds another major version's data, or
 * PostgreSQL does not start within 30 s of trying.
 */
export async function startEmbedded({
  dataDir,
  progress = () => {},
  log = { info: () => {}, warn: () => {} },
  settings = {},
  lockWaitMs = 10_000,
  onLost = () => {},
}: EmbeddedOptions): Promise<EmbeddedPostgres> {
  // The same folder by whatever name, since a running PostgreSQL is known by it.
  const layout = layoutOf(await realpath(dataDir));
  const owner = await chooseOwner(layout.cluster, (text) => log.warn(text));
  await mkdir(layout.root, { recursive: true, mode: 0o700 });
  if (owner.spawn.uid !== undefined) await chown(layout.root, owner.uid, owner.gid);
  await chmod(layout.root, 0o700);

  const found = await findBinaryPackage();
  const binaries = await withProgress(
    progress,
    `Copying PostgreSQL ${found.version} into ${dataDir}`,
    installBinaries(found, layout.binaries),
  );
  await withProgress(
    progress,
    'Making the database',
    prepareCluster(layout.cluster, binaries, found.major, owner),
  );
  const socketFolder = socketFolderOf(layout, owner);
  await makeSocketFolder(socketFolder, owner);

  const launch: Launch = {
    dataDir: dirname(layout.root),
    socketFolder,
    cluster: layout.cluster,
    binaries: layout.binaries,
    postgres: join(binaries, 'bin', 'postgres'),
    arguments: ['-D', layout.cluster, ...asArguments(settingsFor(socketFolder, settings))],
    owner,
    log: layout.log,
  };
  const address: DatabaseAddress = {
    kind: 'socket',
    folder: socketFolder,
    user: superuser,
    database: 'parley',
  };
  const keeper = new Keeper(launch, address, { lockWaitMs, progress, log, onLost });
  await keeper.start();
  await removeOtherBinaries(layout.binaries, found.version).catch((error: unknown) => {
    log.warn(`Old binaries stay in ${layout.binaries}: ${String(error)}`);
  });
  const trimming = setInterval(() => {
    trimLog(layout.log).catch((error: unknown) => log.warn(String(error)));
  }, trimEveryMs);
  trimming.unref();
  return {
    address,
    stop: async () => {
      clearInterval(trimming);
      await keeper.stop();
      // One in the temp folder would stay there for ever.
      if (socketFolder !== layout.run) await rm(socketFolder, { recursive: true, force: true });
    },
  };
}
