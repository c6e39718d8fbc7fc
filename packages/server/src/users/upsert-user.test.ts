import { conversationTopic, type Topic, userTopic } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import { leaveConversation } from '../conversations/leave-conversation.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { getUsers } from './get-users.ts';
import { createTestPeople, type TestPeople } from './testing/test-people.ts';
import { upsertUser } from './upsert-user.ts';
import type { UserProfile, UserRecord } from './user-record.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

function put(tenant: TestPeople, profile: UserProfile): Promise<UserRecord> {
  return upsertUser({ db: database.db, bus: tenant.bus }, tenant.tenant, profile);
}

/** What is published on these topics from now on. */
function listen(tenant: TestPeople, topics: readonly Topic[]): [Topic, readonly BusMessage[]][] {
  const heard: [Topic, readonly BusMessage[]][] = [];
  for (const topic of topics) tenant.bus.subscribe(topic);
  tenant.bus.onMessage((topic, messages) => heard.push([topic, messages]));
  return heard;
}

test('[AU36] A person is made, with defaults for what was not told', async () => {
  const tenant = await createTestPeople(database);
  const made = await put(tenant, { id: 'alice', name: 'Alice' });
  expect(made).toMatchObject({
    id: 'alice',
    name: 'Alice',
    avatar_url: null,
    email: null,
    locale: null,
    role: 'member',
  });
  expect(new Date(made.created_at).toISOString()).toBe(made.created_at);
});

test('[AU36] What is absent stays, null clears, the rest is replaced', async () => {
  const tenant = await createTestPeople(database);
  await put(tenant, {
    id: 'alice',
    name: 'Alice',
    avatar_url: 'https://x.test/a.png',
    email: 'a@x.test',
    locale: 'en',
    role: 'admin',
  });
  expect(await put(tenant, { id: 'alice', name: 'Alicia', email: null })).toMatchObject({
    name: 'Alicia',
    avatar_url: 'https://x.test/a.png',
    email: null,
    locale: 'en',
    role: 'admin',
  });
});

test('[AU37] A new name or picture is told to the person and where the person talks', async () => {
  const tenant = await createTestPeople(database);
  await tenant.add({ alice: 'Alice', bob: 'Bob' });
  const here = conversationTopic(tenant.tenant, await tenant.group('alice', ['bob']));
  const leftId = await tenant.group('bob', ['alice']);
  await leaveConversation(tenant.as('alice'), { conversation: leftId });
  const left = conversationTopic(tenant.tenant, leftId);
  const others = userTopic(tenant.tenant, 'bob');
  const own = userTopic(tenant.tenant, 'alice');
  const heard = listen(tenant, [here, left, others, own]);

  const before = await put(tenant, { id: 'alice', name: 'Alice', email: 'new@x.test' });
  expect(heard).toEqual([]);

  const after = await put(tenant, { id: 'alice', name: 'Alicia' });
  expect(heard.map(([topic]) => topic).sort()).toEqual([here, own].sort());
  for (const [, messages] of heard) {
    expect(messages).toHaveLength(1);
    const [message] = messages;
    if (message?.type !== 'fleeting') throw new Error('not fleeting');
    expect(JSON.parse(message.frame)).toEqual({
      event: 'user.updated',
      user: { id: 'alice', name: 'Alicia', avatar_url: null, updated_at: after.updated_at },
    });
  }
  expect(after.updated_at > before.updated_at).toBe(true);

  heard.length = 0;
  await put(tenant, { id: 'alice', name: 'Alicia', avatar_url: 'https://x.test/a.png' });
  expect(heard).toHaveLength(2);
});

test('[AU36] Calls at once leave one person, with the name of one of them', async () => {
  const tenant = await createTestPeople(database);
  const names = Array.from({ length: 10 }, (_, n) => `Name ${n}`);
  const answers = await Promise.all(names.map((name) => put(tenant, { id: 'alice', name })));
  expect(answers.map(({ name }) => name)).toEqual(names);
  const { users } = await getUsers(tenant.as('alice'), { users: ['alice'] });
  expect(names).toContain(users[0]?.name);
});
