import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { audit, postmasterOf } from './audit.ts';
import { cpuOf } from './cpu.ts';
import type { Groups, Peer } from './peer.ts';
import { makeTenant } from './tenant.ts';

const program = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url));

interface ParleyOptions {
  readonly dataDir: string;
  readonly groups: Groups;
  /** Where the server leaves a CPU profile when it ends. */
  readonly profileDir: string | undefined;
}

/** Starts the server as its users do: main.ts with an environment; only rate limits are off. */
export async function startParley({ dataDir, groups, profileDir }: ParleyOptions): Promise<Peer> {
  const operatorKey = randomBytes(24).toString('hex');
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...profile, program],
    {
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        LOG_LEVEL: 'warn',
        PARLEY_DATA_DIR: dataDir,
        PARLEY_OPERATOR_KEY: operatorKey,
        PARLEY_RATE_SCALE: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      // Out of reach of Ctrl-C: the bench ends it, so that its PostgreSQL goes cleanly.
      detached: true,
    },
  );
  const ended = once(child, 'exit');
  const kill = () => child.kill();
  process.once('exit', kill);
  let postmaster = 0;
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await ended;
    if (postmaster > 0) endLeftover(postmaster);
  };
  try {
    const port = await Promise.race([
      portOf(child),
      ended.then(() => Promise.reject(new Error('The server did not start.'))),
    ]);
    const url = `http://127.0.0.1:${port}`;
    postmaster = await postmasterOf(dataDir);
    return {
      name: 'parley',
      port,
      people: await makeTenant(url, operatorKey, groups),
      cpu: () => cpuOf(child.pid ?? 0, postmaster),
      groups: () => readGroups(url),
      audit: () => audit(dataDir),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A server that crashed leaves its PostgreSQL running, for the next start to find. */
function endLeftover(postmaster: number): void {
  try {
    process.kill(postmaster, 'SIGINT');
  } catch {
    // As it should be: it is gone.
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('The server has no output.');
  for await (const line of createInterface(child.stdout)) {
    const port = /^Parley is at http:\/\/[^/]*:(\d+)\//.exec(line)?.[1];
    if (port === undefined) continue;
    // What it says later is not read, and must not block it.
    child.stdout.resume();
    return Number(port);
  }
  throw new Error('The server ended without saying where it is.');
}

async function readGroups(url: string) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    count: read('parley_append_group_size_count'),
    messages: read('parley_append_group_size_sum'),
  };
}
