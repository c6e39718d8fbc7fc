import { stat } from 'node:fs/promises';
import { layoutOf } from './layout.ts';
import { chooseOwner, type Owner } from './owner.ts';

/** What `openDataFolder` has to know of the embedded PostgreSQL: its `FolderGuest`. */
export const embeddedGuest = {
  holdsData: async (folder: string): Promise<boolean> =>
    (await stat(layoutOf(folder).cluster).catch(() => undefined)) !== undefined,
  userIn: async (folder: string): Promise<Owner | undefined> => {
    if (process.getuid?.() !== 0) return undefined;
    // The warning comes when it starts.
    return chooseOwner(layoutOf(folder).cluster, () => {});
  },
};
