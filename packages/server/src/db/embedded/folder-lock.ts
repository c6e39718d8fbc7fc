import type { Client } from 'pg';
import type { DatabaseAddress } from '../address.ts';
import { failureKind } from '../failure.ts';
import { openSession } from '../postgres/connect.ts';
import { pause } from './processes.ts';

/** The session that holds the folder for this server; the lock goes when it ends. */
export type FolderLock = Client;

/**
 * Connects as soon as PostgreSQL answers; undefined when it ended instead.
 *
 * `alive` tells whether it still runs. A recovery after a crash may take minutes.
 */
export async function connectWhenUp(
  address: DatabaseAddress,
  alive: () => boolean | Promise<boolean>,
): Promise<Client | undefined> {
  for (;;) {
    try {
      return await openSession(address);
    } catch (error) {
      if (failureKind(error) !== 'unavailable') throw error;
      if (!(await alive())) return undefined;
      await pause(50);
    }
  }
}

/**
 * Takes the lock of the folder. False when another server keeps it.
 *
 * It waits, for a killed server has it until PostgreSQL notices the dead connection.
 */
export async function lockFolder(session: Client, withinMs: number): Promise<boolean> {
  try {
    await session.query(`set lock_timeout = ${withinMs}`);
    await session.query('select pg_advisory_lock($1)', [folderLock]);
    return true;
  } catch (error) {
    if (failureKind(error) === 'contended') return false;
    throw error;
  }
}

// Any number will do as long as it stays: "folder" in ASCII.
const folderLock = 0x666f6c646572;
