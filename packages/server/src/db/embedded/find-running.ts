import { realpath } from 'node:fs/promises';
import type { DatabaseAddress } from '../address.ts';
import { failureKind } from '../failure.ts';
import { openSession } from '../postgres/connect.ts';
import { superuser } from './cluster.ts';
import { layoutOf } from './layout.ts';
import { chooseOwner } from './owner.ts';
import { socketFolderOf } from './socket-folder.ts';

/**
 * The address of a data folder's PostgreSQL, if it runs and takes connections; else undefined.
 *
 * For what works beside the server that keeps it. Nothing is started, locked or changed.
 */
export async function findRunning(dataDir: string): Promise<DatabaseAddress | undefined> {
  const layout = layoutOf(await realpath(dataDir));
  const owner = await chooseOwner(layout.cluster, () => {});
  const address: DatabaseAddress = {
    kind: 'socket',
    folder: socketFolderOf(layout, owner),
    user: superuser,
    database: 'parley',
  };
  try {
    await (await openSession(address)).end();
    return address;
  } catch (error) {
    if (failureKind(error) === 'unavailable') return undefined;
    throw error;
  }
}
