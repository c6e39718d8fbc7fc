import { once } from 'node:events';
import { createServer } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Pipeline } from '../database.ts';
import { ConnectionLost, failureKind } from '../failure.ts';
import { openMuteProxy } from '../testing/mute-proxy.ts';
import { createTestDatabase, withSession } from '../testing/test-database.ts';
import { openPipeline } from './pipeline.ts';

const add = { name: 'add', text: 'select $1::integer + $2::integer as sum' };
const sleep = { name: 'sleep', text: 'select pg_sleep(30)' };
const backend = { name: 'backend', text: 'select pg_backend_pid() as pid' };
const begin = { name: 'begin', text: 'begin' };
const commit = { name: 'commit', text: 'commit' };
const divide = { name: 'divide', text: 'select 1 / $1::integer as quotient' };

/** Long enough for a busy machine's answers. */
const silenceMs = 1_500;

async function backendOf(pipeline: Pipeline): Promise<number> {
  const { rows } = await pipeline.query<{ pid: number }>(backend);
  return rows[0]?.pid ?? 0;
}

test('Statements are answered in order without waiting for one another', async () => {
  await using fixture = await createTestDatabase();
  const pipeline = await fixture.db.openPipeline();
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, n) => pipeline.query<{ sum: number }>(add, [n, 1])),
  );
  expect(answers.map(({ rows }) => rows[0]?.sum)).toEqual(
    Array.from({ length: 500 }, (_, n) => n + 1),
  );
  const again = await pipeline.query(add, [1, 1]);
  expect(again).toEqual({ rows: [{ sum: 2 }], command: 'SELECT' });
});

test('A failed transaction says ROLLBACK to COMMIT, and the connection goes on', async () => {
  await using fixture = await createTestDatabase();
  const pipeline = await fixture.db.openPipeline();
  const [, bad, after, end] = await Promise.allSettled([
    pipeline.query(begin),
    pipeline.query(divide, [0]),
    pipeline.query(add, [1, 2]),
    pipeline.query(commit),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
  expect(after).toMatchObject({ status: 'rejected', reason: { code: '25P02' } });
  expect(end).toMatchObject({ status: 'fulfilled', value: { command: 'ROLLBACK' } });
  expect(pipeline.usable).toBe(true);
  expect((await pipeline.query(add, [1, 2])).rows).toEqual([{ sum: 3 }]);
});

test('[DB3] When the connection is lost every pending statement fails, and it is not usable', async () => {
  await using fixture = await createTestDatabase();
  const pipeline = await fixture.db.openPipeline();
  const pid = await backendOf(pipeline);
  const pending = [
    pipeline.query(sleep),
    ...Array.from({ length: 50 }, () => pipeline.query(add, [1, 2])),
  ];
  const settled = Promise.allSettled(pending);
  await withSession(fixture.address, (session) =>
    session.query('select pg_terminate_backend($1)', [pid]),
  );
  for (const outcome of await settled) {
    if (outcome.status === 'fulfilled') throw new Error('A statement survived its connection.');
    expect(failureKind(outcome.reason)).toBe('unavailable');
  }
  expect(pipeline.usable).toBe(false);
  await expect(pipeline.query(add, [1, 2])).rejects.toThrow(ConnectionLost);

  const next = await fixture.db.openPipeline();
  expect((await next.query(add, [1, 2])).rows).toEqual([{ sum: 3 }]);
});

test('[DB3] An idle connection that is lost turns unusable without an uncaught error', async () => {
  await using fixture = await createTestDatabase();
  const pipeline = await fixture.db.openPipeline();
  const pid = await backendOf(pipeline);
  await withSession(fixture.address, (session) =>
    session.query('select pg_terminate_backend($1, 5000)', [pid]),
  );
  while (pipeline.usable) await setImmediate();
  await pipeline.close();
});

test('[DB3] A line that went dead without a word is given up, an idle one is not', async () => {
  await using fixture = await createTestDatabase();
  await using proxy = await openMuteProxy(fixture.address);
  const pipeline = await openPipeline(proxy.address, { silenceMs });
  await pipeline.query(add, [1, 2]);
  // Nothing happens in this time: that is what is tried.
  await setTimeout(silenceMs + 300);
  expect(pipeline.usable).toBe(true);
  proxy.mute();
  await expect(pipeline.query(add, [1, 2])).rejects.toThrow(ConnectionLost);
  expect(pipeline.usable).toBe(false);
});

test('A value that cannot be sent gives the connection up rather than leave it in doubt', async () => {
  await using fixture = await createTestDatabase();
  const pipeline = await fixture.db.openPipeline();
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  await expect(pipeline.query(add, [circular, 1])).rejects.toThrow(ConnectionLost);
  expect(pipeline.usable).toBe(false);
});

test('Closing waits for what is under way', async () => {
  await using fixture = await createTestDatabase();
  const pipeline = await openPipeline(fixture.address);
  const answer = pipeline.query<{ sum: number }>(add, [20, 22]);
  await pipeline.close();
  expect((await answer).rows).toEqual([{ sum: 42 }]);
  await expect(pipeline.query(add, [1, 2])).rejects.toThrow(ConnectionLost);
});

test('Opening fails where nobody listens or nobody answers rightly', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  const url = `postgres://parley@127.0.0.1:${address.port}/parley`;
  const refused = await openPipeline({ kind: 'url', url }).catch((error: unknown) => error);
  expect(failureKind(refused)).toBe('unavailable');
  server.close();
  await once(server, 'close');
  const nobody = await openPipeline({ kind: 'url', url }).catch((error: unknown) => error);
  expect(failureKind(nobody)).toBe('unavailable');
});
