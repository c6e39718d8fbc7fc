import { execFile } from 'node:child_process';
import { readFile, readlink, stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A running process, as the operating system tells. */
export interface RunningProcess {
  readonly uid: number;
  /** The command line, its words joined by one space. */
  readonly command: string;
  /** Its working folder; undefined when that may not be seen. */
  readonly folder: string | undefined;
}

/** Looks a process up by id: in /proc, or with `ps` where there is none. Undefined when it is gone. */
export async function findProcess(pid: number): Promise<RunningProcess | undefined> {
  return process.platform === 'linux' ? findInProc(pid) : findWithPs(pid);
}

/** Resolves once the process is gone, or with false after the time in ms. */
export async function waitForEnd(pid: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (await findProcess(pid)) {
    if (performance.now() > until) return false;
    await pause(50);
  }
  return true;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function findInProc(pid: number): Promise<RunningProcess | undefined> {
  try {
    // The folder is for the same user's eyes, and root's unless root is in a container.
    const [{ uid }, command, folder] = await Promise.all([
      stat(`/proc/${pid}`),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readlink(`/proc/${pid}/cwd`).catch(() => undefined),
    ]);
    // A process that ended and was not yet collected by its parent has no command line any more.
    if (command === '') return undefined;
    return { uid, command: command.split('\0').join(' ').trimEnd(), folder };
  } catch {
    // Gone between two looks, or not there at all.
    return undefined;
  }
}

async function findWithPs(pid: number): Promise<RunningProcess | undefined> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', 'uid=,command=', '-p', String(pid)]);
    const [, uid, command] = /^\s*(\d+)\s+(.*\S)\s*$/s.exec(stdout) ?? [];
    if (uid === undefined || command === undefined || command === '<defunct>') return undefined;
    return { uid: Number(uid), command, folder: undefined };
  } catch {
    // `ps` fails when there is no such process.
    return undefined;
  }
}
