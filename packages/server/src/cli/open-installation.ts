import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { openDataFolder } from '../config/data-folder.ts';
import { type DatabaseAddress, describeAddress } from '../db/address.ts';
import { findRunning } from '../db/embedded/find-running.ts';
import { embeddedGuest } from '../db/embedded/guest.ts';
import { startEmbedded } from '../db/embedded/start-embedded.ts';
import { moveUnfinished } from '../db/migrate.ts';
import { checkServer } from '../db/postgres/check-server.ts';
import { openSession } from '../db/postgres/connect.ts';
import { takeNodeLock } from '../nodes/node-lock.ts';
import { NodeSession } from '../nodes/node-session.ts';
import { OperatorError } from '../operator-error.ts';

/** The installation that the environment names. */
export interface Installation extends AsyncDisposable {
  readonly address: DatabaseAddress;
  /** The data folder, where key files are; undefined when there is none. */
  readonly folder: string | undefined;
}

type Say = (text: string) => void;

/** A server that was killed just now holds the lock until PostgreSQL notices. */
const lockWaitMs = 3_000;

/**
 * Opens an installation, also while its server runs.
 *
 * An embedded database that does not run is started, and stopped at the end. Throws when there is
 * nothing to open.
 */
export async function openInstallation(config: Config, say: Say): Promise<Installation> {
  const url = config.databaseUrl?.reveal();
  if (url !== undefined) {
    const address: DatabaseAddress = { kind: 'url', url };
    await tryOut(address);
    await refuseNone(address);
    return { address, folder: await existingFolder(config), async [Symbol.asyncDispose]() {} };
  }
  const folder = await filledFolder(config, say);
  const running = await findRunning(folder);
  if (running !== undefined) {
    return { address: running, folder, async [Symbol.asyncDispose]() {} };
  }
  try {
    return await startIn(folder, say);
  } catch (error) {
    // A server was started between the two looks.
    const now = await findRunning(folder);
    if (now === undefined) throw error;
    return { address: now, folder, async [Symbol.asyncDispose]() {} };
  }
}

/** What is to be there when it is opened: an installation, or room for one. */
type Wanted = 'installation' | 'room';

/**
 * Opens an installation that nothing else runs on, and keeps servers out until it is closed.
 *
 * Where room is wanted an embedded one that is not there yet is made. Throws when a server runs on
 * it, and when there is nothing to open.
 */
export async function openAlone(config: Config, wanted: Wanted, say: Say): Promise<Installation> {
  const url = config.databaseUrl?.reveal();
  if (url !== undefined) {
    const address: DatabaseAddress = { kind: 'url', url };
    const lock = await lockOut(address);
    try {
      if (wanted === 'installation') await refuseNone(address);
    } catch (error) {
      await lock.close();
      throw error;
    }
    return {
      address,
      folder: await existingFolder(config),
      [Symbol.asyncDispose]: () => lock.close(),
    };
  }
  const open = wanted === 'installation' ? filledFolder : dataFolder;
  const opened = await startIn(await open(config, say), say);
  try {
    const lock = await lockOut(opened.address);
    return {
      ...opened,
      async [Symbol.asyncDispose]() {
        await lock.close();
        await opened[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** Keeps servers off a database. Throws when one runs on it. */
export async function lockOut(address: DatabaseAddress): Promise<NodeSession> {
  await tryOut(address);
  const session = await NodeSession.open(address, 'parley node command line');
  const holders = await takeNodeLock(session, { hold: 'alone', waitMs: lockWaitMs });
  if (holders === undefined) return session;
  await session.close();
  throw new OperatorError(
    `A Parley runs on ${describeAddress(address)} (${holders}). Stop every server first.`,
  );
}

async function startIn(folder: string, say: Say): Promise<Installation> {
  const postgres = await startEmbedded({ dataDir: folder, progress: say, lockWaitMs });
  return {
    address: postgres.address,
    folder,
    [Symbol.asyncDispose]: () => postgres.stop(),
  };
}

/** Tells what is wrong with an address, or with the PostgreSQL there, in words. */
async function tryOut(address: DatabaseAddress): Promise<void> {
  const session = await openSession(address).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new OperatorError(
      `Cannot connect to ${describeAddress(address)}: ${why}. Check the URL and that PostgreSQL runs.`,
      cause,
    );
  });
  try {
    await checkServer(session, describeAddress(address));
  } finally {
    await session.end();
  }
}

/** Refuses a database that holds no installation, or a part of one. */
async function refuseNone(address: DatabaseAddress): Promise<void> {
  const where = describeAddress(address);
  const session = await openSession(address);
  try {
    const { rows } = await session.query<{ there: boolean; moving: boolean }>(
      `select to_regclass('installation') is not null as there,
        to_regclass('parley_move') is not null as moving`,
    );
    if (rows[0]?.moving) throw moveUnfinished(where);
    if (!rows[0]?.there) {
      throw new OperatorError(`There is no installation in ${where}. Check DATABASE_URL.`);
    }
  } finally {
    await session.end();
  }
}

/** The data folder of an installation that is there: without one none is made. */
async function filledFolder(config: Config, say: Say): Promise<string> {
  const { path, explicit } = config.dataDir;
  const named = explicit ? resolve(path) : undefined;
  const isMissing = named !== undefined && !(await exists(named));
  const folder = isMissing ? named : await dataFolder(config, say);
  if (!isMissing && (await embeddedGuest.holdsData(folder))) return folder;
  throw new OperatorError(
    `There is no installation in ${folder}. Set PARLEY_DATA_DIR to its folder, or DATABASE_URL.`,
  );
}

function dataFolder({ dataDir }: Config, say: Say): Promise<string> {
  return openDataFolder({ ...dataDir, guest: embeddedGuest, warn: say });
}

/** With a database elsewhere the folder may hold a key that was made, or not be there at all. */
async function existingFolder({ dataDir }: Config): Promise<string | undefined> {
  const folder = resolve(dataDir.path);
  return (await exists(folder)) ? folder : undefined;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
