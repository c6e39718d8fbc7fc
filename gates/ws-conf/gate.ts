import type { Gate } from '../kit/gate.ts';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import type { Tenant } from '../kit/tenant.ts';
import { checkOwnFrames } from './own-frames.ts';
import { type Cut, cuts, playRow } from './play-row.ts';
import type { Row } from './row.ts';
import { closingRows } from './rows/closing.ts';
import { compressionRows } from './rows/compression.ts';
import { controlRows } from './rows/control-frames.ts';
import { fragmentationRows } from './rows/fragmentation.ts';
import { messageRows } from './rows/messages.ts';
import { utf8Rows } from './rows/utf8.ts';
import { checkUpgrades } from './upgrades.ts';

const tables: Readonly<Record<string, readonly Row[]>> = {
  messages: messageRows,
  'control frames': controlRows,
  fragmentation: fragmentationRows,
  'UTF-8': utf8Rows,
  closing: closingRows,
  compression: compressionRows,
};

const atOnce = 16;

/** A person, alone in a conversation. */
interface Worker {
  readonly token: string;
  readonly conversation: string;
}

export const gate: Gate = {
  name: 'ws-conf',
  promise: 'The socket keeps to RFC 6455, whatever a client sends and however it is cut.',
  unit: '% of rows',
  target: 100,
  async run(run) {
    await using installed = await run.install({ PARLEY_RATE_SCALE: '0' });
    const tenant = await installed.tenant();
    const count = { rows: 0, played: 0, bad: 0 };
    const workers = await startWorkers(installed, tenant);
    for (const [name, rows] of Object.entries(tables)) {
      await run.part(name, async () => {
        const bad = await playTable(run, installed, workers, rows);
        count.rows += rows.length;
        count.played += rows.length * repeats(run) * cuts.length;
        count.bad += bad.size;
      });
    }
    await run.part('upgrades', async () => {
      const { rows, bad } = await checkUpgrades(run, installed.port);
      count.rows += rows;
      count.played += rows;
      count.bad += bad;
    });
    await run.part('own frames', async () => {
      const { rows, bad } = await checkOwnFrames(run, installed, tenant);
      count.rows += rows;
      count.played += rows;
      count.bad += bad;
    });
    if (installed.ended !== undefined) run.fail(`${installed.ended}\n${installed.log()}`);
    run.note('rows', count.rows);
    run.note('played', count.played);
    return (100 * (count.rows - count.bad)) / count.rows;
  },
};

/** Cuts at random places differ from time to time. */
function repeats(run: Run): number {
  return run.sized({ ci: 1, full: 20 });
}

async function startWorkers(installed: Installed, tenant: Tenant): Promise<Worker[]> {
  return Promise.all(
    Array.from({ length: atOnce }, async (_, index) => {
      const token = tenant.token(`worker-${index}`);
      const { body } = await installed.call('POST', '/v1/conversations', {
        bearer: token,
        body: { kind: 'group', name: 'Alone', members: [] },
      });
      return { token, conversation: textAt(body, 'conversation.id') };
    }),
  );
}

/** Plays every row in every cut; answers the ids of those that went wrong. */
async function playTable(
  run: Run,
  installed: Installed,
  workers: readonly Worker[],
  rows: readonly Row[],
): Promise<Set<string>> {
  const bad = new Set<string>();
  const waiting = rows
    .flatMap((row) => cuts.map((cut) => ({ row, cut })))
    .flatMap((one) =>
      Array.from({ length: repeats(run) }, (_, time) => {
        const random = new SeededRandom(run.seed, `${one.row.id} ${one.cut} ${time}`);
        return { ...one, random };
      }),
    );
  const work = async (worker: Worker) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { row, cut } = next;
      const faults = await playOnce(installed, worker, next);
      if (faults.length === 0) continue;
      bad.add(row.id);
      run.fail(`${row.id} (${cut}): ${row.what}; but ${faults.join('; ')}`);
    }
  };
  await Promise.all(workers.map(work));
  return bad;
}

async function playOnce(
  { port }: Installed,
  { token, conversation }: Worker,
  { row, cut, random }: { readonly row: Row; readonly cut: Cut; readonly random: SeededRandom },
): Promise<string[]> {
  const socket = await RawWebSocket.open(port);
  try {
    if (row.beforeHello !== true) {
      if (!(await socket.hello(token))) return [`hello was answered with ${socket.texts.join()}`];
      // What came before is not the row's.
      socket.frames.length = 0;
    }
    return await playRow(row, socket, { conversation }, cut, random);
  } finally {
    socket.line.destroy();
  }
}
