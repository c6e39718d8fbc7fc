import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, constants, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../operator-error.ts';

const run = promisify(execFile);

/** The embedded PostgreSQL, as the folder sees it: `embeddedGuest` of db/embedded. */
export interface FolderGuest {
  /** Whether its data is in this folder already. */
  holdsData(folder: string): Promise<boolean>;
  /** The user it runs as there; undefined when that is our own. */
  userIn(folder: string): Promise<GuestUser | undefined>;
}

interface GuestUser {
  readonly name: string;
  readonly spawn: { readonly uid?: number; readonly gid?: number };
}

interface DataFolderOptions {
  readonly path: string;
  /** The operator named it: it is used or refused, never replaced. */
  readonly explicit: boolean;
  /** Who else keeps files in it; unset with a database elsewhere. */
  readonly guest?: FolderGuest;
  readonly warn?: (text: string) => void;
  /** Where the stand-in for an unreachable default lies. */
  readonly systemFolder?: string;
}

/**
 * Makes the folder for what Parley keeps outside the database, and answers its absolute path.
 *
 * As root, PostgreSQL runs as another user, who cannot enter a project below /root, say. Then the
 * default gives way to /var/lib/parley/<hash of the path>, while a folder that was asked for is an
 * error. Throws with a message for the operator when there is no usable folder.
 */
export async function openDataFolder({
  path,
  explicit,
  guest,
  warn = () => {},
  systemFolder = '/var/lib/parley',
}: DataFolderOptions): Promise<string> {
  const wanted = resolve(path);
  const problem = await prepare(wanted, guest);
  if (explicit) {
    if (problem === undefined) return wanted;
    throw new OperatorError(`PARLEY_DATA_DIR=${wanted} cannot be used: ${problem}`);
  }
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const standIn = join(systemFolder, hash);
  if (problem === undefined) {
    // Once data is in the stand-in, it stays the place, even if the default becomes reachable.
    const moved = (await guest?.holdsData(standIn)) && !(await guest?.holdsData(wanted));
    if (!moved) return wanted;
  }
  const otherProblem = await prepare(standIn, guest);
  if (otherProblem !== undefined) {
    throw new OperatorError(
      `No folder for the data: ${problem ?? ''} ${otherProblem} Set PARLEY_DATA_DIR to a folder ` +
        'that this user may write to.',
    );
  }
  warn(`The data is in ${standIn}${problem === undefined ? '' : `, for ${problem}`}`);
  return standIn;
}

/** Makes the folder and tells what stands in the way, if anything does. */
async function prepare(
  folder: string,
  guest: FolderGuest | undefined,
): Promise<string | undefined> {
  try {
    const made = await makeFolders(folder);
    if (made !== undefined) await openUp(made, folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return `${folder} cannot be made or written to (${code}).`;
  }
  const user = await guest?.userIn(folder);
  if (user === undefined || (await canEnter(folder, user))) return undefined;
  // An empty folder was made for us, by mktemp say, which lets nobody else in.
  if ((await readdir(folder)).length === 0) {
    await chmod(folder, 0o711);
    if (await canEnter(folder, user)) return undefined;
  }
  return (
    `${folder} cannot be reached by the user "${user.name}", whom PostgreSQL runs as since you are ` +
    'root (see the permissions of the folders above it).'
  );
}

/**
 * Makes a folder and those above it; answers the first one that was missing.
 *
 * Step by step, since Node's own recursive way tries for ever where nothing can be made (below /proc).
 */
async function makeFolders(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder);
    return folder;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return undefined;
    if (code !== 'ENOENT' || folder === dirname(folder)) throw error;
  }
  const first = await makeFolders(dirname(folder));
  // Where the folder above is there and this one still is not, the second try tells why.
  await mkdir(folder);
  return first ?? folder;
}

/** Lets others pass through the folders we made, whatever the umask; not read what is in them. */
async function openUp(from: string, to: string): Promise<void> {
  for (let folder = to; folder.length >= from.length; folder = dirname(folder)) {
    await chmod(folder, 0o711);
    if (folder === dirname(folder)) return;
  }
}

async function canEnter(folder: string, user: GuestUser): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user.spawn, cwd: '/', env: {} });
    return true;
  } catch {
    // The shell says no by its exit code.
    return false;
  }
}
