import { newId } from '@parley/protocol';
import { expect, test } from 'vitest';
import { createGroup, say } from '../src/testing/talking.ts';
import { startTestServer } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

test('[ND7] A draining node works for those whom it still has, and sends others elsewhere', async () => {
  await using server = await startTestServer();
  const tenant = await server.tenant(['ann', 'bob']);
  const ann = await tenant.connect('ann');
  const { id } = await createGroup(ann, ['bob'], 'Drain');
  // So many that letting them go takes a while; the last one is the last to go.
  for (let i = 0; i < 19; i++) await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const bearer = await tenant.token('bob');
  const drained = server.drain();

  const ready = await fetch(`${server.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(ready.headers.get('Retry-After')).toBe('1');
  await expect(TestSocket.open(server.socketUrl)).rejects.toThrow('503');
  const sent = await fetch(`${server.url}/v1/conversations/${id}/messages`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: newId(), body: 'over HTTP' }),
  });
  expect([sent.status, sent.headers.get('Connection')]).toEqual([201, 'close']);
  expect((await say(bob, id, 'by the socket')).seq).toBe(2);
  await drained;
  expect((await bob.closed).code).toBe(1012);
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
});

test('[ND8] Connections are let go one after another, and each is told to come back at once', async () => {
  await using server = await startTestServer();
  const tenant = await server.tenant(['ann', 'bob']);
  const sockets = await Promise.all(Array.from({ length: 25 }, () => tenant.connect('ann')));
  const closed = sockets.map(async (socket) => {
    const { retry_after_ms } = await socket.event('drain');
    expect(retry_after_ms).toBeLessThan(50);
    expect((await socket.closed).code).toBe(1012);
    return performance.now();
  });
  await server.drain();
  const times = (await Promise.all(closed)).toSorted((a, b) => a - b);
  const between = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  // 500 ms for them all: no burst, whatever the machine does besides.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(300);
  expect(between.filter((ms) => ms > 1)).not.toHaveLength(0);
});
