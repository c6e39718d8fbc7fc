import { execFile } from 'node:child_process';
import { chown, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../operator-error.ts';
import { syncFolder } from '../../sync-folder.ts';
import type { Owner } from './owner.ts';

const run = promisify(execFile);

/** The database superuser; the socket's folder decides who may be it. */
export const superuser = 'parley';

/** Makes PostgreSQL's files on the first start, and answers whether it did. */
export async function prepareCluster(
  cluster: string,
  binaries: string,
  major: number,
  owner: Owner,
): Promise<boolean> {
  const found = await majorOf(cluster);
  if (found === major) return false;
  if (found !== undefined) {
    throw new OperatorError(
      `The data in ${cluster} is of PostgreSQL ${found}; this Parley comes with ${major}. ` +
        'Take it over: run `parley backup` with the Parley that wrote it, move the folder away, ' +
        'then run `parley restore` with this one.',
    );
  }
  await removeLeftovers(cluster);
  const fresh = `${cluster}.new-${process.pid}`;
  try {
    await initialise(fresh, binaries, owner);
    await rename(fresh, cluster);
    await syncFolder(dirname(cluster));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another start may have been faster.
    if ((await majorOf(cluster)) !== major) throw error;
  }
  return true;
}

async function majorOf(cluster: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(cluster, 'PG_VERSION'), 'utf8'), 10);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function initialise(fresh: string, binaries: string, owner: Owner): Promise<void> {
  await mkdir(fresh, { mode: 0o700 });
  await chown(fresh, owner.uid, owner.gid);
  const options = [
    `--pgdata=${fresh}`,
    `--username=${superuser}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ];
  await run(join(binaries, 'bin', 'initdb'), options, {
    ...owner.spawn,
    // Nothing of ours, which holds secrets; and not our folder, which that user may not enter.
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
    cwd: dirname(fresh),
  }).catch((cause: unknown) => {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new OperatorError(
      `PostgreSQL's initdb failed as user "${owner.name}": ${said || String(cause)}`,
      cause,
    );
  });
}

/** What a start that was killed left behind; its process is gone. */
async function removeLeftovers(cluster: string): Promise<void> {
  const prefix = `${basename(cluster)}.new-`;
  for (const name of await readdir(dirname(cluster))) {
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) {
      await rm(join(dirname(cluster), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
