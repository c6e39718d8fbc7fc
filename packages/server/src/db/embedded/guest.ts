import { stat } from 'node:fs/promises';
import type { FolderGuest } from '../../data-folder.ts';
import { layoutOf } from './layout.ts';
import { chooseOwner } from './owner.ts';

/** What `openDataFolder` has to know of the embedded PostgreSQL. */
export const embeddedGuest: FolderGuest = {
  holdsData: async (folder) =>
    (await stat(layoutOf(folder).cluster).catch(() => undefined)) !== undefined,
  userIn: async (folder) => {
    if (process.getuid?.() !== 0) return undefined;
    // The warning comes when it starts.
    return chooseOwner(layoutOf(folder).cluster, () => {});
  },
};
