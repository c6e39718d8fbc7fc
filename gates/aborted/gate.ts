import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { answersOf } from './answers.ts';
import { type DatabaseFault, deadLine, lineFaults, sessionFaults } from './database-faults.ts';
import { checkPausedNode } from './paused-node.ts';

/** Answers among fewer sends prove nothing. */
const fewest = 240;
/** When the database is back, so are we. */
const recoverMs = 10_000;
/** Of a node, whatever waits for the database. */
const mostMemory = 512 * 1024 * 1024;

export const gate: Gate = {
  name: 'aborted',
  promise:
    'what is refused is not stored, what is unknown can be asked for, and both are told in time',
  unit: 'failed but visible, acknowledged but absent, unresolved',
  target: 0,
  async run(run) {
    let found = 0;
    await run.part('one node', async () => {
      await using topology = await run.cluster({ nodes: 1, env, proxied: ['postgres'] });
      found += await endure(run, topology, run.sized({ ci: 4, full: 120 }), () =>
        lineFaults(run, topology),
      );
    });
    await run.part('sessions', async () => {
      await using topology = await run.cluster({ nodes: 1, env, ownPostgres: true });
      found += await endure(run, topology, run.sized({ ci: 8, full: 300 }), (crowd) =>
        sessionFaults(run, topology, known(crowd)),
      );
    });
    await run.part('dead line', async () => {
      await using topology = await run.cluster({ nodes: 2, env, proxied: ['postgres'] });
      found += await endure(run, topology, run.sized({ ci: 1, full: 120 }), () => [
        deadLine(topology, 7_000),
      ]);
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env });
      found += await endure(run, topology, run.sized({ ci: 10, full: 600 }), (crowd) => [
        ...sessionFaults(run, topology, known(crowd)),
        ...pausedDatabase(run, topology),
      ]);
    });
    await run.part('cluster', async () => {
      await using topology = await run.cluster({ env, ownPostgres: true, proxied: ['postgres'] });
      found += await endure(run, topology, run.sized({ ci: 15, full: 1_200 }), (crowd) => [
        ...lineFaults(run, topology),
        ...sessionFaults(run, topology, known(crowd)),
        ...pausedDatabase(run, topology),
      ]);
    });
    await run.part('paused node', async () => {
      await using topology = await run.cluster({ nodes: 2, env });
      await checkPausedNode(run, topology, run.sized({ ci: 2, full: 40 }));
    });
    return found;
  },
};

const env = { PARLEY_RATE_SCALE: '0' };

const plan = {
  conversations: 8,
  publishers: { raw: 24, sdk: 3 },
  readers: { raw: 3, sdk: 2 },
};

function known({ tenant, conversations }: Crowd) {
  return { tenant: tenant.id, conversations, people: ['writer0', 'writer1', 'writer2'] };
}

function pausedDatabase(run: Run, { postgres }: Topology): DatabaseFault[] {
  return [
    {
      name: 'database paused',
      async run() {
        await postgres?.pause();
        await pause(run.random.between(100, run.size === 'ci' ? 3_000 : 9_000));
        await postgres?.resume();
      },
    },
    {
      name: 'database restarted',
      async run() {
        await postgres?.kill('SIGINT');
        await postgres?.restart();
      },
    },
  ];
}

async function endure(
  run: Run,
  topology: Topology,
  seconds: number,
  faultsOf: (crowd: Crowd) => readonly DatabaseFault[],
): Promise<number> {
  const crowd = await Crowd.gather(run, topology, plan);
  crowd.begin();
  await untilStored(crowd, fewest);
  const faults = faultsOf(crowd);
  const end = performance.now() + seconds * 1_000;
  let done = 0;
  let [slowest, memory] = [0, 0];
  while (performance.now() < end || done < faults.length) {
    await pause(run.random.between(100, 500));
    // Each once, then by chance.
    const fault = faults[done] ?? run.random.pick(faults);
    done += 1;
    await fault.run();
    const recovery = await untilStored(crowd);
    slowest = Math.max(slowest, recovery);
    run.expect(recovery <= recoverMs, `${fault.name}: nothing is stored ${recovery} ms later`);
    for (const { inside } of topology.nodes) {
      memory = Math.max(memory, (await inside.now()).rss);
    }
  }
  const findings = await crowd.finish();
  const { waits, unavailable, faults: told } = answersOf(crowd.history.events, isBare);
  for (const fault of told) run.fail(fault);
  const longest = waits.at(-1) ?? 0;
  run.expect(memory <= mostMemory, `a node grew to ${memory} bytes`);
  for (const line of errorsIn(topology.log())) run.fail(`an error in the log: ${line}`);
  const name = `${topology.kind} of ${topology.nodes.length}`;
  run.say(
    `  ${name}: ${done} faults, ${crowd.history.acked} acknowledged, ${unavailable} unavailable, ` +
      `slowest answer ${Math.round(longest)} ms, recovery ${Math.round(slowest)} ms`,
  );
  run.note(`acknowledged, ${name}`, crowd.history.acked);
  run.note(`unavailable, ${name}`, unavailable);
  run.note(`slowest answer, ms, ${name}`, longest);
  run.note(`slowest recovery, ms, ${name}`, slowest);
  run.note(`memory, MiB, ${name}`, memory / 1024 / 1024);
  run.expect(waits.length >= fewest, `only ${waits.length} sends were watched`);
  return findings.total;
}

/** Who writes by bare sockets: the SDK's answer is that of its last try. */
function isBare(user: string): boolean {
  return Number(user.replace('writer', '')) < plan.publishers.raw;
}

/** How long it takes until so many more messages are acknowledged. */
async function untilStored(crowd: Crowd, more = 10): Promise<number> {
  const began = performance.now();
  const wanted = crowd.history.acked + more;
  while (crowd.history.acked < wanted && performance.now() - began < recoverMs * 2) await pause(10);
  return performance.now() - began;
}

/** Lines of the level "error" and above. */
function errorsIn(log: string): string[] {
  return log.split('\n').filter((line) => /^\{"level":[56]0/.test(line));
}
