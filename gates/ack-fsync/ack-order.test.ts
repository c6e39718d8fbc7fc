import { expect, test } from 'vitest';
import { parseStraceLine, StraceCalls } from '../faults/strace-lines.ts';
import { orderOfAcks } from './ack-order.ts';

const id = '01a2059c-e5bb-71df-9e60-57fc3d501200';
const raw = hex(Buffer.from(id.replaceAll('-', ''), 'hex'));
const reply = hex(Buffer.from(`{"id":1,"result":{"message":{"id":"${id}"}}}`));
const log = hex(Buffer.from('/data/pg_wal/000000010000000000000001'));
const other = hex(Buffer.from('/data/pg_wal/000000010000000000000002'));

const stored = `100 pwrite64(7<${log}>, "${raw}", 8192, 0) = 8192`;
const synced = `100 fdatasync(7<${log}>) = 0`;
const told = `200 writev(25<TCP:[127.0.0.1:8080->127.0.0.1:4444]>, [{iov_base="${reply}", iov_len=60}], 1) = 60`;

function hex(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

async function* callsOf(lines: readonly string[]) {
  const calls = new StraceCalls();
  for (const line of lines) {
    const parsed = parseStraceLine(line);
    const call = parsed === undefined ? undefined : calls.take(parsed);
    if (call !== undefined) yield call;
  }
}

async function judge(...lines: readonly string[]) {
  const { covered, uncovered } = await orderOfAcks(callsOf(lines), { ids: [id], port: 8080 });
  return { covered, uncovered: uncovered.length };
}

test('[FK10] an acknowledgement counts after a sync that began after the message was in the log', async () => {
  expect(await judge(stored, synced, told)).toEqual({ covered: 1, uncovered: 0 });
  // Pages are written again, and it is told to others too.
  expect(await judge(stored, synced, stored, told, told)).toEqual({ covered: 1, uncovered: 0 });
});

test.each([
  ['before the sync', [stored, told, synced]],
  ['before it is in the log', [synced, told, stored]],
  [
    'after a sync that failed',
    [stored, synced.replace('= 0', '= -1 EIO (Input/output error) (INJECTED)'), told],
  ],
  ['after a sync of another file', [stored, synced.replace(log, other), told]],
  [
    'after a sync that began before',
    [
      `100 fdatasync(7<${log}> <unfinished ...>`,
      stored.replace('100', '101'),
      '100 <... fdatasync resumed>) = 0',
      told,
    ],
  ],
  [
    'while the sync is under way',
    [stored, `100 fdatasync(7<${log}> <unfinished ...>`, told, '100 <... fdatasync resumed>) = 0'],
  ],
])('[FK10] one %s is found', async (_, lines) => {
  expect(await judge(...lines)).toEqual({ covered: 0, uncovered: 1 });
});

test('[FK10] a call that others come between is put together again', async () => {
  const [begin, end] = [stored.replace(' = 8192', '').slice(0, -1), ') = 8192'];
  expect(
    await judge(
      `${begin} <unfinished ...>`,
      '300 fdatasync(9</elsewhere>) = 0',
      `100 <... pwrite64 resumed>${end}`,
      synced,
      told,
      '--- not a call',
      '100 +++ exited with 0 +++',
    ),
  ).toEqual({ covered: 1, uncovered: 0 });
});

test('what is told to PostgreSQL or Redis is told to nobody', async () => {
  const toRedis = told.replace('127.0.0.1:8080->', '127.0.0.1:5555->');
  expect(await judge(toRedis)).toEqual({ covered: 0, uncovered: 0 });
});
