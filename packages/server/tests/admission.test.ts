import { expect, it } from 'vitest';
import { Admission } from '../src/limits/admission.ts';
import { RawLine, upgradeRequest } from '../src/testing/raw-line.ts';
import { startTestServer } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

it('[LI52] a hello that would wait too long is told when to come back, and is let in then', async () => {
  const admission = new Admission({ atOnce: 1, longestWaitMs: 0.5 });
  await using server = await startTestServer({ admission });
  const tenant = await server.tenant(['ann', 'bob']);
  const ann = await tenant.connect('ann');
  // Somebody is being let in, and does not come to an end.
  await admission.enter('other');
  const socket = await TestSocket.open(server.socketUrl);
  const { error } = await socket.reply({ type: 'hello', token: await tenant.token('bob') });
  expect(error).toMatchObject({ code: 'unavailable', retryable: true });
  expect(error?.retry_after_ms).toBeGreaterThanOrEqual(1_000);
  expect(await socket.closed).toMatchObject({ code: 4013 });
  // Who is there already does not notice.
  await ann.settled();
  admission.leave();
  await tenant.connect('bob');
});

it('[LI52] a hello that waits and whose socket goes leaves its place', async () => {
  const admission = new Admission({ atOnce: 1, longestWaitMs: 60_000 });
  await using server = await startTestServer({ admission });
  const tenant = await server.tenant(['ann', 'bob']);
  await admission.enter('other');
  const gone = await TestSocket.open(server.socketUrl);
  void gone.reply({ type: 'hello', token: await tenant.token('ann') });
  await expect.poll(() => admission.waiting).toBe(1);
  gone.terminate();
  const bob = tenant.connect('bob');
  await expect.poll(() => admission.waiting).toBe(2);
  admission.leave();
  await (await bob).settled();
});

it('[LI52] where far too many wait, the door answers 503 with Retry-After', async () => {
  await using server = await startTestServer({
    admission: new Admission({ atOnce: 1, longestWaitMs: -1 }),
  });
  const line = await RawLine.open(server.url);
  line.write(upgradeRequest(''));
  await line.has('\r\n\r\n');
  line.end();
  const { status, headers, body } = line.answer();
  expect(status).toBe(503);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(JSON.parse(body)).toMatchObject({ code: 'unavailable', retryable: true });
});
