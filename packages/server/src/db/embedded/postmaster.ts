import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { OperatorError } from '../../operator-error.ts';
import { trimLog } from './log-file.ts';
import type { Owner } from './owner.ts';
import { findProcess, pause, type RunningProcess, waitForEnd } from './processes.ts';

/** What it takes to start PostgreSQL on a cluster, always in the same way. */
export interface Launch {
  readonly dataDir: string;
  readonly cluster: string;
  readonly socketFolder: string;
  /** Folder of all binaries; the current version's are below it. */
  readonly binaries: string;
  readonly postgres: string;
  readonly arguments: readonly string[];
  readonly owner: Owner;
  readonly log: string;
}

/** Who, if anybody, runs the cluster now. */
export type Found =
  | { readonly state: 'none' }
  | {
      readonly state: 'ours';
      readonly pid: number;
      /** Same binary and settings as we would start. */
      readonly current: boolean;
    }
  /** A PostgreSQL that we did not start, or that we cannot see: in another container, say. */
  | { readonly state: 'foreign'; readonly what: string };

/**
 * Looks for a PostgreSQL that runs this cluster: one a killed server left, or another server's.
 *
 * It is ours when its binary lies in our folder, it was given our cluster, and the owner runs it.
 */
export async function findPostmaster(launch: Launch): Promise<Found> {
  const seen = await look(launch);
  if (seen.state !== 'none' || !(await answers(launch.socketFolder))) return seen;
  // Either it was started between the two looks, or its process is out of sight.
  const again = await look(launch);
  if (again.state !== 'none') return again;
  return { state: 'foreign', what: 'A PostgreSQL that is not among the processes here' };
}

async function look(launch: Launch): Promise<Found> {
  const pid = await readPid(launch.cluster);
  const found = pid === undefined ? undefined : await findProcess(pid);
  if (pid === undefined || found === undefined) return { state: 'none' };
  const { command } = found;
  if (
    found.uid === launch.owner.uid &&
    command.startsWith(`${launch.binaries}/`) &&
    `${command} `.includes(` -D ${launch.cluster} `)
  ) {
    return { state: 'ours', pid, current: command === commandOf(launch) };
  }
  if (!mayUse(found, launch.cluster)) return { state: 'none' };
  return { state: 'foreign', what: `The process ${pid} (${command.slice(0, 200)})` };
}

/** PostgreSQL works in its cluster's folder, whatever name it was given for it. */
function mayUse({ command, folder }: RunningProcess, cluster: string): boolean {
  return folder === undefined ? /\bpostgres\b/.test(command) : folder === cluster;
}

/** Whether somebody listens at the socket. */
function answers(socketFolder: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(socketFolder, '.s.PGSQL.5432'));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** How a start ended before PostgreSQL took connections. */
export interface FailedStart {
  /** The last PostgreSQL's processes or memory are not gone yet: try again. */
  readonly retry: boolean;
  /** What PostgreSQL wrote to its log. */
  readonly said: string;
}

/** A PostgreSQL that was just started; it outlives this process unless it is stopped. */
export class Postmaster {
  readonly #launch: Launch;
  readonly #child: ChildProcess;
  readonly #logStart: number;
  #ended = false;
  #spawnError: Error | undefined;

  constructor(launch: Launch, child: ChildProcess, logStart: number) {
    this.#launch = launch;
    this.#child = child;
    this.#logStart = logStart;
    child.once('exit', () => {
      this.#ended = true;
    });
    child.once('error', (error) => {
      this.#ended = true;
      this.#spawnError = error;
    });
    child.unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Why it ended, as far as its log tells. */
  async failure(): Promise<FailedStart> {
    if (this.#spawnError !== undefined) {
      return { retry: false, said: `${this.#spawnError.message} (the binaries need glibc)` };
    }
    const text = (await readFile(this.#launch.log)).subarray(this.#logStart).toString('utf8');
    const retry =
      /lock file "[^"]*" already exists/.test(text) || /pre-existing shared memory/.test(text);
    return { retry, said: text.trim().split('\n').slice(-8).join('\n') };
  }
}

/** Starts PostgreSQL in a process group of its own: Ctrl-C at the terminal does not reach it. */
export async function startPostmaster(launch: Launch): Promise<Postmaster> {
  await removeStalePidFile(launch.cluster);
  await trimLog(launch.log);
  const log = await open(
    launch.log,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
    0o600,
  );
  try {
    const { size } = await log.stat();
    return new Postmaster(launch, spawnDetached(launch, log), size);
  } finally {
    await log.close();
  }
}

/**
 * Stops PostgreSQL: open transactions are rolled back, everything is written, then it ends.
 *
 * After a minute it is told to end at once, which costs a recovery at the next start but no data.
 */
export async function stopPostmaster(pid: number, progress: (text: string) => void): Promise<void> {
  for (const { signal, waitMs } of [
    { signal: 'SIGINT', waitMs: 60_000 },
    { signal: 'SIGQUIT', waitMs: 10_000 },
  ] as const) {
    if (!send(pid, signal) || (await waitForEnd(pid, waitMs))) return;
    progress(`PostgreSQL (process ${pid}) does not end on ${signal}.`);
  }
  throw new OperatorError(
    `PostgreSQL (process ${pid}) does not stop. Look at it with ps, then start again.`,
  );
}

/** Waits until the pid file names the process, or it ended. */
export async function waitForPidFile(launch: Launch, postmaster: Postmaster): Promise<void> {
  while (!postmaster.ended && (await readPid(launch.cluster)) !== postmaster.pid) await pause(20);
}

/**
 * Removes a pid file whose number now belongs to another program, as after a container's restart.
 *
 * PostgreSQL sees only that some process has the number, and would refuse for ever.
 */
async function removeStalePidFile(cluster: string): Promise<void> {
  const pid = await readPid(cluster);
  const found = pid === undefined ? undefined : await findProcess(pid);
  if (found === undefined || mayUse(found, cluster)) return;
  if ((await readPid(cluster)) === pid) await rm(pidFileOf(cluster), { force: true });
}

function spawnDetached(launch: Launch, log: FileHandle): ChildProcess {
  return spawn(launch.postgres, [...launch.arguments], {
    ...launch.owner.spawn,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    // Ours may be closed to that user.
    cwd: launch.dataDir,
    // Nothing of ours: our environment holds secrets.
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
  });
}

function commandOf(launch: Launch): string {
  return [launch.postgres, ...launch.arguments].join(' ').trimEnd();
}

function pidFileOf(cluster: string): string {
  return join(cluster, 'postmaster.pid');
}

async function readPid(cluster: string): Promise<number | undefined> {
  const text = await readFile(pidFileOf(cluster), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 0 ? pid : undefined;
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
