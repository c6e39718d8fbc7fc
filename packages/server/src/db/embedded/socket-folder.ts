import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../operator-error.ts';
import type { Layout } from './layout.ts';
import type { Owner } from './owner.ts';

/** A socket's path may have 107 bytes on Linux, 103 on macOS; this leaves room for PostgreSQL's lock. */
const longestSocketPath = 90;

/** The folder of the socket: in the data folder, or in the temp folder when that path is too long. */
export function socketFolderOf({ root, run }: Layout, owner: Owner, temp = tmpdir()): string {
  if (fits(run)) return run;
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const name = `parley-${owner.uid}-${hash}`;
  return [join(temp, name)].find(fits) ?? join('/tmp', name);
}

/**
 * Makes the folder with mode 0700 for PostgreSQL's user.
 *
 * Who can open the socket is the database's superuser: a folder that somebody else prepared in the
 * temp folder is refused.
 */
export async function makeSocketFolder(folder: string, owner: Owner): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    await chown(folder, owner.uid, owner.gid);
    await chmod(folder, 0o700);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== owner.uid || (found.mode & 0o077) !== 0) {
    throw new OperatorError(
      `${folder} should be a folder of the user "${owner.name}" with mode 0700. ` +
        'Look who made it, remove it, and start again.',
    );
  }
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, '.s.PGSQL.5432')) <= longestSocketPath;
}
