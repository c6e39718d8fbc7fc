import { readdir, readFile } from 'node:fs/promises';

/** CPU time used so far; not a number where the system does not tell it in /proc. */
export interface CpuSeconds {
  readonly server: number;
  readonly postgres: number;
}

// Of every Linux that Node runs on: USER_HZ.
const ticksPerSecond = 100;

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended. */
  readonly ended: number;
}

/** CPU time of a server process and of a PostgreSQL with all its children. */
export async function cpuOf(server: number, postmaster: number): Promise<CpuSeconds> {
  if (process.platform !== 'linux') return { server: Number.NaN, postgres: Number.NaN };
  const all = await readAll();
  let postgres = 0;
  for (const [pid, { parent, own, ended }] of all) {
    if (pid === postmaster) postgres += own + ended;
    else if (parent === postmaster) postgres += own;
  }
  return {
    server: (all.get(server)?.own ?? 0) / ticksPerSecond,
    postgres: postgres / ticksPerSecond,
  };
}

async function readAll(): Promise<Map<number, ProcessTimes>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = new Map<number, ProcessTimes>();
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    if (stat === undefined) continue;
    // After the name, which may hold spaces: state, parent, ..., utime, stime, cutime, cstime.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (index: number) => fields[index] ?? 0;
    all.set(pid, { parent: at(1), own: at(11) + at(12), ended: at(13) + at(14) });
  }
  return all;
}
