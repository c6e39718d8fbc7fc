import { newId } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/db/postgres/open-database.ts';
import { type MuteProxy, openMuteProxy } from '../src/db/testing/mute-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

/** What anybody waits at the most, and what a busy machine adds. */
const answerMs = 11_000;

let database: TestDatabase;
let proxy: MuteProxy;
let server: TestServer;
let db: TestDatabase['db'];
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await openMuteProxy(database.address);
  db = await openDatabase(proxy.address);
  server = await startTestServer({ database: { ...database, db } });
});
afterAll(async () => {
  await server.drain();
  await db.close();
  await proxy[Symbol.asyncDispose]();
  await database.drop();
});

test('[BP9] without a database everybody is answered in time, stays connected, and goes on when it is back', async () => {
  const tenant = await server.tenant(['ann', 'bob']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const { conversation } = await ann.ask('conversation.create', {
    kind: 'group',
    members: ['bob'],
  });
  const message = { id: newId(), body: 'said while it was away' };
  const send = () => ann.reply({ type: 'message.send', conversation: conversation.id, message });
  const bearer = await tenant.token('bob');
  proxy.mute();

  const began = performance.now();
  const asked = [
    ...Array.from({ length: 40 }, () => bob.reply({ type: 'conversation.list' })),
    ...Array.from({ length: 5 }, () =>
      bob.reply({ type: 'conversation.create', kind: 'group', members: [] }),
    ),
    send(),
  ];
  const called = ['/v1/conversations', `/v1/conversations/${conversation.id}/messages`].map(
    (path) => tenant.call('GET', path, { bearer }),
  );
  await bob.settled();
  for (const { error } of await Promise.all(asked)) {
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect(error?.retry_after_ms).toBeGreaterThan(0);
  }
  for (const { status, body } of await Promise.all(called)) {
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'unavailable', retryable: true });
  }
  expect(performance.now() - began).toBeLessThan(answerMs);

  proxy.heal();
  const seq = async () => {
    const { result } = await send();
    return result;
  };
  await expect.poll(seq, { timeout: answerMs }).toMatchObject({ seq: 1 });
  await bob.event('message.created', (event) => event.message.id === message.id);
  expect((await tenant.call('GET', '/v1/conversations', { bearer })).status).toBe(200);
  await ann.settled();
});
