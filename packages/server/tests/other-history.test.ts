import { expect, test } from 'vitest';
import { createGroup, say } from '../src/testing/talking.ts';
import { startTestServer } from '../src/testing/test-server.ts';

test('[ND15] When the epoch changes under a running node everybody is sent to read anew', async () => {
  await using server = await startTestServer();
  const tenant = await server.tenant(['ann', 'bob']);
  const [ann, bob] = [await tenant.connect('ann'), await tenant.connect('bob')];
  const { id } = await createGroup(ann, ['bob'], 'Start');
  await say(ann, id, 'before');
  await server.database.sql.updateTable('installation').set({ epoch: 'restored' }).execute();
  expect((await ann.closed).code).toBe(4012);
  expect((await bob.closed).code).toBe(4012);

  const again = await tenant.connect('bob');
  expect(again.hello.epoch).toBe('restored');
  const { conversations } = await again.ask('sync', {
    epoch: bob.hello.epoch,
    me: bob.hello.me,
    known: { [id]: { version: 2, last_seq: 1 } },
  });
  expect(conversations).toMatchObject([{ id, reset: true }]);
  // Once, not at every beat.
  const back = await tenant.connect('ann');
  const heard = again.event('message.created');
  await say(back, id, 'after');
  expect(await heard).toMatchObject({ conversation: id, message: { body: 'after' } });
});

test('[ND16] A database that is behind what was delivered sends everybody to read anew', async () => {
  await using server = await startTestServer();
  const tenant = await server.tenant(['ann', 'bob']);
  const [ann, bob] = [await tenant.connect('ann'), await tenant.connect('bob')];
  const { id } = await createGroup(ann, ['bob'], 'Start');
  await say(ann, id, 'lost with the primary');
  await bob.event('message.created');
  const { sql } = server.database;
  await sql.deleteFrom('message').where('tenant_id', '=', tenant.id).execute();
  await sql
    .updateTable('conversation')
    .set({ version: 1, last_seq: 0 })
    .where('tenant_id', '=', tenant.id)
    .execute();
  expect((await ann.closed).code).toBe(4012);
  const [annAgain, bobAgain] = [await tenant.connect('ann'), await tenant.connect('bob')];
  // What comes now has the version of what was lost, and is not taken for it.
  const heard = bobAgain.event('message.created');
  await say(annAgain, id, 'new');
  expect(await heard).toMatchObject({ version: 2, message: { seq: 1, body: 'new' } });
});
