import { chown, cp, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FullDisk } from '../faults/full-disk.ts';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';
import { Probe } from './probe.ts';

/** After there is space again. */
const recoveryMs = 5_000;

export const gate: Gate = {
  name: 'enospc',
  promise: 'a full disk costs sends for as long as it is full, and nothing else',
  unit: 'ms until messages are taken again after there is space',
  target: recoveryMs,
  async run(run) {
    let slowest = 0;
    const rounds = run.sized({ ci: 1, full: 20 });
    await run.part('data', async () => {
      await using disk = await FullDisk.mount(400);
      await using topology = await run.embedded({ env: unlimited, dataDir: disk.folder });
      for (let round = rounds; round > 0; round--) {
        slowest = Math.max(slowest, await fillUp(run, topology, disk));
      }
    });
    await run.part('log', async () => {
      await using disk = await FullDisk.mount(200);
      await using topology = await run.embedded({ env: unlimited });
      await moveLog(topology, disk.folder);
      for (let round = rounds; round > 0; round--) {
        slowest = Math.max(slowest, await fillUp(run, topology, disk));
      }
    });
    await run.part('cluster', async () => {
      await using disk = await FullDisk.mount(400);
      const own = { ownPostgres: true, postgresFolder: disk.folder };
      await using topology = await run.cluster({ env: unlimited, ...own });
      for (let round = rounds; round > 0; round--) {
        slowest = Math.max(slowest, await fillUp(run, topology, disk));
      }
    });
    return slowest;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };

const plan = {
  conversations: 4,
  publishers: { raw: 6, sdk: 1 },
  readers: { raw: 1, sdk: 1 },
  pauseMs: 40,
};

/** Fills the disk under load, uses the log up too, and makes space again. */
async function fillUp(run: Run, topology: Topology, disk: FullDisk): Promise<number> {
  const crowd = await Crowd.gather(run, topology, plan);
  const probe = await Probe.start(topology);
  crowd.begin();
  run.expect(await probe.taken(10_000), 'no message was taken before the disk was full');
  const readsBefore = probe.reads;
  disk.fill();
  // Where the log alone is on this disk there is room for some time.
  await until(() => probe.refused > 3 && probe.reads > readsBefore, 3_000);
  const readsWhile = probe.reads - readsBefore;
  const isFull = await useUpLog(topology);
  await pause(run.sized({ ci: 2_000, full: run.random.between(500, 20_000) }));

  disk.free();
  const began = performance.now();
  // What an operator's service manager does; the embedded one comes back by its server.
  if (topology.kind === 'cluster') await restartIfEnded(topology);
  const again = await probe.taken(recoveryMs * 6);
  const ms = performance.now() - began;
  const probed = await probe.stop();

  for (const what of [...probed.wrong, ...probed.refusedReads]) run.fail(what);
  for (const node of topology.nodes) {
    run.expect(node.ended === undefined, `${node.ended}: ${node.log().slice(-2_000)}`);
  }
  run.expect(isFull, 'the disk was never full');
  run.expect(probed.refused > 0, 'no send was refused, however full the disk was');
  run.expect(readsWhile > 0, 'nothing could be read while the disk was full');
  run.expect(again && ms <= recoveryMs, `messages were taken again after ${Math.round(ms)} ms`);
  for (const event of crowd.history.events) {
    if (event.type === 'fail') run.fail(`a send was refused for good with ${event.code}`);
  }
  await crowd.finish();
  run.say(
    `  ${probed.sent} sent, ${probed.refused} refused, ${probed.reads} reads, of which ${readsWhile} ` +
      `before the log was full; back after ${Math.round(ms)} ms`,
  );
  return ms;
}

/** The log goes on to a new file, which needs space, until it cannot; answers whether it came so far. */
async function useUpLog({ address }: Topology): Promise<boolean> {
  for (let left = 40; left > 0; left--) {
    const goesOn = await withDatabase(address, async (session) => {
      await session.query(`select pg_logical_emit_message(false, 'gate', repeat('x', 100000))`);
      await session.query('select pg_switch_wal()');
      return true;
    }).catch(() => false);
    if (!goesOn) return true;
  }
  return false;
}

async function restartIfEnded({ address, postgres }: Topology): Promise<void> {
  const runs = await withDatabase(address, async () => true).catch(() => false);
  if (!runs) await postgres?.restart();
}

/** Puts the log of the embedded PostgreSQL on a disk of its own. */
async function moveLog({ nodes, postgres }: Topology, folder: string): Promise<void> {
  const [node] = nodes;
  if (node === undefined || postgres === undefined) throw new Error('there is no embedded process');
  await node.kill('SIGTERM');
  const [from, to] = [join(postgres.cluster, 'pg_wal'), join(folder, 'pg_wal')];
  const { uid, gid } = await stat(from);
  await cp(from, to, { recursive: true });
  for (const entry of ['', ...(await readdir(to, { recursive: true }))]) {
    await chown(join(to, entry), uid, gid);
  }
  await rename(from, `${from}.old`);
  await symlink(to, from);
  await rm(`${from}.old`, { recursive: true });
  await node.restart();
}

async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const began = performance.now();
  while (!isSo() && performance.now() - began < withinMs) await pause(10);
}
