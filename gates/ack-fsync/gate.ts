import { Strace } from '../faults/strace.ts';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import { processesOf } from '../kit/own-postgres.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { orderOfAcks } from './ack-order.ts';

/** System calls that carry the log to the disk and acknowledgements to clients. */
const watched = [
  'fdatasync',
  'fsync',
  'pwrite64',
  'pwritev',
  'write',
  'writev',
  'sendto',
  'sendmsg',
];

/** Buffers are watched whole: 128 KiB is more than one call of either writes at this load. */
const watchedBytes = 131_072;

export const gate: Gate = {
  name: 'ack-fsync',
  promise: 'nothing is acknowledged before the log that has it was synced, nor after a sync failed',
  unit: '% of acknowledgements after a finished sync',
  target: 100,
  async run(run) {
    const totals = { covered: 0, told: 0 };
    await run.part('order', async () => {
      await using topology = await run.cluster(ground);
      await watch(run, totals, topology, { acks: run.sized({ ci: 400, full: 10_000 }) });
    });
    await run.part('slow disk', async () => {
      await using topology = await run.cluster(ground);
      const acks = run.sized({ ci: 60, full: 1_000 });
      await watch(run, totals, topology, { acks, inject: ['fdatasync:delay_enter=40000'] });
    });
    await run.part('failing disk', async () => {
      await using topology = await run.cluster(ground);
      for (let round = run.sized({ ci: 1, full: 20 }); round > 0; round--) {
        // PostgreSQL does not go on after a failed sync of its log: it starts anew, as often as it
        // takes, and has every right to end.
        await watch(run, totals, topology, {
          acks: 40,
          inject: [`fdatasync:error=EIO:when=${run.random.between(2, 30)}+`],
          failing: true,
        });
      }
    });
    await run.part('failing disk, embedded', async () => {
      await using topology = await run.embedded({ env: unlimited });
      for (let round = run.sized({ ci: 1, full: 20 }); round > 0; round--) {
        await outliveFailures(run, topology);
      }
    });
    run.note('acknowledgements', totals.told);
    return totals.told === 0 ? Number.NaN : (100 * totals.covered) / totals.told;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };

/** One node, so that all of it can be watched; whole pages in the log, so that ids can be read. */
const ground = {
  nodes: 1,
  ownPostgres: true,
  postgresSettings: { wal_compression: 'off' },
  env: unlimited,
} as const;

const plan = {
  conversations: 4,
  publishers: { raw: 6, sdk: 1 },
  readers: { raw: 1, sdk: 1 },
  pauseMs: 20,
};

interface Watch {
  /** How many acknowledgements to wait for. */
  readonly acks: number;
  readonly inject?: readonly string[];
  /** Syncs fail: how many acknowledgements come is up to the disk. */
  readonly failing?: boolean;
}

const patienceMs = 240_000;
/** How long a failing disk fails. */
const failingMs = 2_500;
/** How long until messages are taken again, with a database that has to recover. */
const againMs = 30_000;

async function watch(
  run: Run,
  totals: { covered: number; told: number },
  topology: Topology,
  { acks, inject = [], failing = false }: Watch,
): Promise<void> {
  const { postgres } = topology;
  const [node] = topology.nodes;
  if (postgres === undefined || node === undefined) throw new Error('nothing to watch');
  const crowd = await Crowd.gather(run, topology, plan);
  const pids = [node.pid, ...(await processesOf(await postgres.pid()))];
  await using strace = await Strace.attach({ pids, trace: watched, inject, bytes: watchedBytes });
  const began = performance.now();
  crowd.begin();
  if (failing) await pause(failingMs);
  else {
    while (crowd.history.acked < acks && performance.now() - began < patienceMs) await pause(50);
    await crowd.quiet();
  }
  await strace.detach();
  if (failing) {
    // Whatever state it is in: in the middle of a recovery it may take its time to end.
    await postgres.kill();
    await postgres.restart();
  }
  run.expect(node.ended === undefined, `the server ended: ${node.log().slice(-2_000)}`);

  const ids = crowd.history.events.flatMap((one) => (one.type === 'invoke' ? [one.id] : []));
  const order = await orderOfAcks(strace.calls(), { ids, port: node.ownPort });
  const { covered, uncovered, syncs, failedSyncs } = order;
  totals.covered += covered;
  totals.told += covered + uncovered.length;
  for (const what of uncovered) run.fail(what);
  run.say(`  ${covered} told after their sync; ${syncs} syncs, ${failedSyncs} failed`);
  run.expect(failing || covered >= acks * 0.9, `only ${covered} of ${acks} were watched`);
  run.expect(failing === failedSyncs > 0, `${failedSyncs} syncs failed`);
  await crowd.finish();
}

/** The embedded PostgreSQL ends, is brought back by its server, and nothing that was told is lost. */
async function outliveFailures(
  run: Run,
  topology: Awaited<ReturnType<Run['embedded']>>,
): Promise<void> {
  const crowd = await Crowd.gather(run, topology, plan);
  crowd.begin();
  const until = performance.now() + againMs;
  while (crowd.history.acked < 20 && performance.now() < until) await pause(10);
  const pids = await processesOf(await topology.postgres.pid());
  {
    const inject = [`fdatasync:error=EIO:when=${run.random.between(1, 20)}+`];
    await using strace = await Strace.attach({ pids, trace: ['fdatasync'], inject });
    await pause(failingMs);
    await strace.detach();
    let failed = 0;
    for await (const call of strace.calls()) if (call.failed === true) failed += 1;
    run.expect(failed > 0, 'no sync failed');
  }
  const began = performance.now();
  await topology.postgres.restart();
  const acked = crowd.history.acked;
  while (crowd.history.acked === acked && performance.now() - began < againMs) await pause(10);
  run.expect(crowd.history.acked > acked, `it took no message in the ${againMs} ms after that`);
  run.note('ms until it took messages again', performance.now() - began);
  await crowd.finish();
}
