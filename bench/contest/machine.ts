import { execFile } from 'node:child_process';
import { cpus, release, type } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where and with what a measurement was made. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly system: string;
  readonly node: string;
  /** With a `+` when files differ from it; `unknown` outside a checkout. */
  readonly commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const all = cpus();
  return {
    cores: all.length,
    cpu: all[0]?.model.trim() ?? 'unknown',
    system: `${type()} ${release()}`,
    node: process.version,
    commit: await describeCommit(),
  };
}

/** Seconds that all cores together have been busy since the machine started. */
export function busySeconds(): number {
  return (
    cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) /
    1_000
  );
}

async function describeCommit(): Promise<string> {
  const git = async (...args: string[]) =>
    (await run('git', args, { cwd: import.meta.dirname })).stdout.trim();
  try {
    const changed = await git('status', '--porcelain', '--', '..');
    return `${await git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    // No git, or no repository: the figures are still worth having.
    return 'unknown';
  }
}
