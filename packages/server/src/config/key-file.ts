import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../operator-error.ts';
import { syncFolder } from '../sync-folder.ts';
import { Secret } from './secret.ts';

/** Characters of a key that we made: 32 random bytes in base64url. */
const keyLength = 43;

/**
 * Reads a key from the data folder, after making it if there is none.
 *
 * The file has mode 0600 and appears whole: of servers that start at once, all read the same key.
 * `carried` is the key to be, where there is none yet; else a random one is made.
 */
export async function keepKey(folder: string, name: string, carried?: string): Promise<Secret> {
  const path = join(folder, name);
  return (await readKey(path)) ?? (await makeKey(path, carried ?? randomKey()));
}

function randomKey(): string {
  return randomBytes(32).toString('base64url');
}

/** Reads a key file; undefined when it is not there. */
export async function readKey(path: string): Promise<Secret | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new OperatorError(
        `${path} can be read by others. Make it yours alone: chmod 600 ${path}`,
      );
    }
    const text = (await readFile(path, 'utf8')).trim();
    if (text.length < keyLength) {
      throw new OperatorError(
        `${path} should hold a key, and does not. Put it back from a backup.`,
      );
    }
    return new Secret(text);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES') {
      throw new OperatorError(`${path} belongs to another user. Start as that user.`, error);
    }
    throw error;
  }
}

async function makeKey(path: string, text: string): Promise<Secret> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike rename, link does not replace what another start has made meanwhile.
    await link(draft, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
  const key = await readKey(path);
  if (key === undefined)
    throw new OperatorError(`${path} was removed while it was made. Start again.`);
  return key;
}
