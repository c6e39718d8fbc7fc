import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../operator-error.ts';

const run = promisify(execFile);

/** The operating system's user that PostgreSQL runs as: it refuses to run as root. */
export interface Owner {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Options for `spawn`: empty when that is who we are already. */
  readonly spawn: { readonly uid?: number; readonly gid?: number };
}

/**
 * Decides who PostgreSQL runs as.
 *
 * An ordinary user: that user. Root: the owner of data that exists, else the user `parley` or
 * `postgres`, else `nobody`, with a warning since other services may run as `nobody` too.
 */
export async function chooseOwner(
  clusterFolder: string,
  warn: (text: string) => void,
  preferred: readonly string[] = ['parley', 'postgres'],
): Promise<Owner> {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) {
    throw new OperatorError(
      'The embedded PostgreSQL needs Linux or macOS. Set DATABASE_URL instead.',
    );
  }
  if (uid !== 0) return ourselves(uid, gid, dirname(clusterFolder));
  const existing = await ownerOfData(clusterFolder);
  if (existing !== undefined) return existing;
  for (const name of preferred) {
    const found = await lookUp(name);
    if (found !== undefined) return found;
  }
  const nobody = await lookUp('nobody');
  if (nobody === undefined) {
    throw new OperatorError(
      'PostgreSQL cannot run as root, and there is no user "parley", "postgres" or "nobody". ' +
        'Add one (useradd --system parley), or set DATABASE_URL.',
    );
  }
  warn(
    'PostgreSQL runs as the user "nobody", which other services may share. ' +
      'Better: useradd --system parley, before the first start.',
  );
  return nobody;
}

async function ourselves(uid: number, gid: number, folder: string): Promise<Owner> {
  const existing = await stat(folder).catch(() => undefined);
  if (existing !== undefined && existing.uid !== uid) {
    throw new OperatorError(
      `${folder} belongs to another user (uid ${existing.uid}), perhaps since Parley was started as ` +
        'root before. Start as root again, or give the whole data folder to one user (chown -R).',
    );
  }
  const known = await lookUp(String(uid));
  if (known === undefined) {
    throw new OperatorError(
      `PostgreSQL needs a user with a name, and uid ${uid} has none in /etc/passwd. ` +
        'Start as a named user, or set DATABASE_URL.',
    );
  }
  return { name: known.name, uid, gid, spawn: {} };
}

async function ownerOfData(clusterFolder: string): Promise<Owner | undefined> {
  const found = await stat(clusterFolder).catch(() => undefined);
  if (found === undefined || found.uid === 0) return undefined;
  const owner = await lookUp(String(found.uid));
  if (owner === undefined) {
    throw new OperatorError(
      `${clusterFolder} belongs to uid ${found.uid}, which has no name in /etc/passwd here. ` +
        'Give it to a user of this system (chown -R), then start again.',
    );
  }
  return owner;
}

/** By name, or by number in decimal. */
async function lookUp(user: string): Promise<Owner | undefined> {
  try {
    const [name, uid, gid] = await Promise.all(
      ['-un', '-u', '-g'].map(async (flag) => (await run('id', [flag, user])).stdout.trim()),
    );
    if (name === undefined || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? ''))
      return undefined;
    const ids = { uid: Number(uid), gid: Number(gid) };
    return { name, ...ids, spawn: ids };
  } catch {
    // `id` says in this way that there is no such user.
    return undefined;
  }
}
