import { expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { createTestApp } from './testing/test-app.ts';

test('[AU40] /healthz answers while the process lives, also in a drain', async () => {
  await using server = await createTestApp({ notReady: () => 'draining' });
  const answer = await server.call('GET', '/healthz');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ status: 'ok' });
});

test('[AU40] /readyz turns to 503 for a drain, and says when to ask again', async () => {
  let fault: string | undefined;
  await using server = await createTestApp({ notReady: () => fault });
  expect((await server.call('GET', '/readyz')).status).toBe(200);
  fault = 'It drains.';
  const answer = await server.call('GET', '/readyz');
  expect(answer.status).toBe(503);
  expect(answer.headers.get('Retry-After')).toBe('1');
  expect(answer.body).toMatchObject({
    code: 'unavailable',
    detail: 'It drains.',
    retryable: true,
    retry_after_ms: 1_000,
  });
});

test('[BU16] /readyz tells of the bus, without which a node stays ready', async () => {
  const bus = new MemoryBus();
  let reachable = true;
  bus.figures = () => ({ reachable, published: 0, dropped: 0, heard: 0 });
  await using server = await createTestApp({ bus });
  const well = { status: 'ok', database: 'ok' };
  expect((await server.call('GET', '/readyz')).body).toEqual({ ...well, bus: 'ok' });
  reachable = false;
  const answer = await server.call('GET', '/readyz');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ ...well, bus: 'away' });
});

test('[AU40] /readyz turns to 503 when the database does not answer', async () => {
  await using server = await createTestApp();
  await server.parts.db.close();
  const answer = await server.call('GET', '/readyz');
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ code: 'unavailable' });
  expect((await server.call('GET', '/healthz')).status).toBe(200);
});
