import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { postmasterOf } from '../src/db/testing/embedded-server.ts';
import { ServerProcess } from '../src/nodes/testing/server-process.ts';

const mebibyte = 1024;

it('[LI55] the whole idle installation, with its PostgreSQL and the demo, takes 250 MB at most', {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-idle-'));
  // As root PostgreSQL is another user, who has to get in.
  await chmod(folder, 0o711);
  try {
    await using server = await ServerProcess.start({ PARLEY_DATA_DIR: folder, PARLEY_DEMO: '1' });
    const page = await fetch(`http://127.0.0.1:${server.port}/readyz`);
    expect(page.status).toBe(200);
    const postmaster = await postmasterOf(folder);
    // Of the server all of it, as where no other Node runs; PostgreSQL's processes share their memory.
    const total = async () => {
      let sum = (await kibibytes(server.pid, 'Rss')) + (await kibibytes(postmaster, 'Pss'));
      for (const pid of await childrenOf(postmaster)) sum += await kibibytes(pid, 'Pss');
      return sum / mebibyte;
    };
    expect(await total()).toBeGreaterThan(80);
    // What the start needed is given back when nothing happens for a while.
    await expect.poll(total, { timeout: 90_000, interval: 1_000 }).toBeLessThan(250);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** What the kernel counts of a process; one that has ended takes nothing. */
async function kibibytes(pid: number, what: 'Rss' | 'Pss'): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const children: number[] = [];
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // The name, in brackets, may hold anything.
    const [, ppid] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (Number(ppid) === parent) children.push(pid);
  }
  return children;
}
