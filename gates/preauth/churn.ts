import { closeFrame, textFrame } from '../kit/client-frame.ts';
import type { InsideReport } from '../kit/inside.ts';
import type { Installed } from '../kit/installation.ts';
import { RawSocket } from '../kit/raw-socket.ts';
import { upgradeRequest } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { Addresses } from './addresses.ts';
import { isEmpty } from './idle-cost.ts';

const atOnce = 64;
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
/** Growth from round to round that is no leak: no two looks at a heap are quite alike. */
const tolerance = { rssShare: 0.02, heldBytes: 1024 * 1024 };

type Visit = (line: RawSocket, port: number) => Promise<void>;

/** Ways to come and go. */
const visits: readonly Visit[] = [
  async (line) => line.destroy(),
  async (line) => line.reset(),
  async (line) => {
    line.write('GET /v1/ws HT');
    line.destroy();
  },
  async (line, port) => {
    await upgrade(line, port);
    line.destroy();
  },
  async (line, port) => {
    await upgrade(line, port);
    line.reset();
  },
  async (line, port) => {
    await upgrade(line, port);
    line.write(closeFrame(1000));
    await line.ended;
    line.destroy();
  },
  async (line, port) => {
    await upgrade(line, port);
    line.write(textFrame('{"id":1,"type":"hello","token":"no token"}'));
    line.write(closeFrame(1000));
    await line.ended;
    line.destroy();
  },
  async (line, port) => {
    await upgrade(line, port);
    line.write(Buffer.from([0x81, 0xfe]));
    line.reset();
  },
  async (line) => {
    line.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await line.ended;
    line.destroy();
  },
];

/**
 * Many come and go, round by round; the server is afterwards as it was before.
 *
 * A heap and its allocator first grow to what such a load needs, and then stay: so the last rounds are
 * compared with the ones before. `people`: sockets that stay meanwhile.
 */
export async function churn(run: Run, installed: Installed, people: number): Promise<void> {
  const size = run.sized({ ci: 3_500, full: 100_000 });
  const most = run.sized({ ci: 8, full: 10 });
  const wanted = run.sized({ ci: 2, full: 4 });
  const told: string[] = [];
  let steady = 0;
  let rounds = 0;
  let before: InsideReport | undefined;
  await installed.inside.grown();
  const began = performance.now();
  while (rounds < most && (run.size === 'full' || steady < wanted)) {
    await comeAndGo(installed.port, size);
    rounds++;
    await isEmpty(installed, people);
    const after = await installed.inside.collected();
    steady = before !== undefined && isSteady(before, after) ? steady + 1 : 0;
    before = after;
    told.push(`${mebibytes(after.rss)} (${mebibytes(held(after))})`);
  }
  const seconds = (performance.now() - began) / 1000;
  run.note('came and went', `${rounds * size}, ${Math.round((rounds * size) / seconds)} a second`);
  run.note('RSS (heap and buffers) after each round, MiB', told.join(', '));
  run.expect(steady >= wanted, `memory goes on growing: RSS (heap and buffers) ${told.join(', ')}`);
}

function isSteady(before: InsideReport, after: InsideReport): boolean {
  return (
    after.rss - before.rss <= tolerance.rssShare * before.rss &&
    held(after) - held(before) <= tolerance.heldBytes
  );
}

function held({ heapUsed, external }: InsideReport): number {
  return heapUsed + external;
}

async function comeAndGo(port: number, count: number): Promise<void> {
  const addresses = new Addresses(500);
  let number = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let mine = number++; mine < count; mine = number++) {
        const line = await RawSocket.connect(port, { from: addresses.next() });
        await visits[mine % visits.length]?.(line, port);
      }
    }),
  );
}

async function upgrade(line: RawSocket, port: number): Promise<void> {
  line.write(upgradeRequest(port, { key }));
  const head = await line.takeUntil('\r\n\r\n');
  if (head?.startsWith('HTTP/1.1 101 ') !== true) {
    throw new Error(`an upgrade was answered with ${head?.split('\r\n')[0] ?? 'nothing'}`);
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
