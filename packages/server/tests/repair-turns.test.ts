import { expect, test } from 'vitest';
import { createTestDatabase } from '../src/db/testing/test-database.ts';
import { FaultyNetwork } from '../src/testing/faulty-network.ts';
import { HeldDatabase } from '../src/testing/held-database.ts';
import { createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, TestTenant } from '../src/testing/test-server.ts';

const gapRead = 'message.version > message.created_version';

test('[HB37] However many holes are read, what people ask is answered meanwhile', async () => {
  const database = await createTestDatabase();
  const network = new FaultyNetwork();
  const held = new HeldDatabase(database.db);
  const here = await startTestServer({ database, bus: network.node() });
  const there = await startTestServer({ database: { ...database, db: held }, bus: network.node() });
  const tenant = await here.tenant(['ann', 'bob']);
  const ann = await tenant.connect('ann');
  const bob = await new TestTenant(there, tenant.id).connect('bob');
  const groups = await Promise.all(Array.from({ length: 30 }, () => createGroup(ann, ['bob'])));
  await bob.ask('conversation.list', {});

  const answers = groups.map(() => held.hold(gapRead));
  network.fate = () => 'lose';
  await Promise.all(groups.map(({ id }) => say(ann, id, 'lost')));
  await answers[0]?.read;
  await bob.settled();
  const { conversations } = await bob.ask('conversation.list', {});
  expect(conversations).toHaveLength(30);
  for (const answer of answers) answer.release();
  for (const { id } of groups) await bob.event('message.created', (one) => one.conversation === id);
  await here.drain();
  await there.drain();
  await database.drop();
});
