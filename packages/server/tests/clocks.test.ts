import { expect, test } from 'vitest';
import { createTestDatabase } from '../src/db/testing/test-database.ts';
import { createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, TestTenant } from '../src/testing/test-server.ts';

test('[ND12] A message is not dated before the one it follows, though its node is a little late', async () => {
  await using database = await createTestDatabase();
  await using early = await startTestServer({ database });
  await using late = await startTestServer({ database, now: () => Date.now() - 2_000 });
  const tenant = await early.tenant(['ann', 'bob']);
  const ann = await tenant.connect('ann');
  const { id } = await createGroup(ann, ['bob'], 'Times');
  const first = await say(ann, id, 'first');
  const bob = await new TestTenant(late, tenant.id).connect('bob');
  const second = await say(bob, id, 'second');
  expect(second.created_at).toBe(first.created_at);
  expect(await ann.ask('message.list', { conversation: id })).toMatchObject({
    messages: [{ created_at: first.created_at }, { created_at: first.created_at }],
  });
  // Nor is what the server says of a change.
  await bob.ask('conversation.leave', { conversation: id });
  const { messages } = await ann.ask('message.list', { conversation: id });
  expect(messages.at(-1)).toMatchObject({ kind: 'system', created_at: first.created_at });
});

test('[ND12] A time that was wrong by far does not stay with a conversation', async () => {
  let wrongBy = 3_600_000;
  await using server = await startTestServer({ now: () => Date.now() + wrongBy });
  const tenant = await server.tenant(['ann', 'bob']);
  wrongBy = 0;
  const ann = await tenant.connect('ann');
  wrongBy = 3_600_000;
  const { id } = await createGroup(ann, ['bob'], 'Times');
  await say(ann, id, 'from the future');
  wrongBy = 0;
  const { created_at } = await say(ann, id, 'now');
  expect(Date.parse(created_at)).toBeLessThan(Date.now() + 1_000);
});
