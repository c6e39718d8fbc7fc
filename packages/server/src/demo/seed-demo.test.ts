import { newId } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { readConversationRows } from '../conversations/conversation-rows.ts';
import type { Database } from '../db/database.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { contentHash } from '../messages/content-hash.ts';
import { GroupCommit } from '../messages/group-commit.ts';
import { mintToken } from '../tokens/mint-token.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { verifyToken } from '../tokens/verify-token.ts';
import { demoConversations } from './conversations.ts';
import { demoPeople } from './people.ts';
import { seedDemo } from './seed-demo.ts';

const wednesday = new Date(2026, 4, 20, 14, 30).getTime();
const now = () => wednesday;

let seeded: TestDatabase;
beforeAll(async () => {
  seeded = await createTestDatabase();
  await seedDemo(seeded.db, { keys: keysOf(seeded.db), now });
});
afterAll(() => seeded.drop());

test('[DM1] Seeding again, later, changes nothing', async () => {
  const before = await countOf(seeded);
  const later = () => wednesday + 90 * 86_400_000;
  expect(await seedDemo(seeded.db, { keys: keysOf(seeded.db), now: later })).toBe('present');
  expect(await countOf(seeded)).toEqual(before);
});

test('[DM1] Servers that seed at the same time leave one complete demo', async () => {
  await using other = await createTestDatabase();
  const outcomes = await Promise.all(
    [1, 2, 3].map(() => seedDemo(other.db, { keys: keysOf(other.db), now })),
  );
  expect(outcomes.sort()).toEqual(['present', 'present', 'seeded']);
  expect(await countOf(other)).toEqual(await countOf(seeded));
});

test('[DM2] A seeding that is cut off leaves nothing, and the next one is complete', async () => {
  await using other = await createTestDatabase();
  await sql`alter table message add constraint cut_off check (seq < 1000)`.execute(other.sql);
  await expect(seedDemo(other.db, { keys: keysOf(other.db), now })).rejects.toThrow('cut_off');
  expect(Object.values(await countOf(other))).toEqual([0, 0, 0, 0, 0, 0, 0]);
  await sql`alter table message drop constraint cut_off`.execute(other.sql);
  expect(await seedDemo(other.db, { keys: keysOf(other.db), now })).toBe('seeded');
  expect(await countOf(other)).toEqual(await countOf(seeded));
});

test('[DM3] Every conversation counts its messages and versions as if it had been held here', async () => {
  const { rows } = await sql`
    select conversation.id from conversation
    cross join lateral (
      select count(*) as messages, min(seq) as first, max(seq) as last, max(version) as version,
        bool_and(version = seq + 1 and created_version = version and kind = 'text') as stamped,
        max(created_at) as newest
      from message
      where message.tenant_id = conversation.tenant_id
        and message.conversation_id = conversation.id
    ) as said
    where not (
      said.first = 1 and said.last = said.messages and said.stamped
      and conversation.last_seq = said.last and conversation.version = said.version
      and conversation.first_seq = 1 and conversation.fields_version = 1
      and conversation.last_activity_at = said.newest
      and conversation.member_count = (
        select count(*) from member
        where member.tenant_id = conversation.tenant_id
          and member.conversation_id = conversation.id
          and joined_seq = 1 and joined_version = 1 and version = 1 and left_at is null
          and read_seq <= delivered_seq and delivered_seq <= conversation.last_seq
      )
    )`.execute(seeded.sql);
  expect(rows).toEqual([]);
});

test('[DM3] A message comes after the one before it and after the making of its conversation', async () => {
  const { rows } = await sql`
    select id, seq from (
      select message.id, seq, message.created_at, conversation.created_at as made_at,
        lag(message.created_at) over (partition by conversation_id order by seq) as before,
        lag(message.id) over (partition by conversation_id order by seq) as id_before
      from message join conversation on conversation.tenant_id = message.tenant_id
        and conversation.id = conversation_id
    ) as said
    where created_at <= before or id <= id_before or created_at <= made_at
      or created_at > ${new Date(wednesday)}`.execute(seeded.sql);
  expect(rows).toEqual([]);
});

test("[DM3] A person's own version counts the conversations they are in", async () => {
  const { rows } = await sql`
    select app_user.id from app_user
    where app_user.version <> (
      select count(*) from member
      where member.tenant_id = app_user.tenant_id and user_id = app_user.id
    ) or exists (
      select from (
        select me_version, row_number() over (order by conversation.created_at) as place
        from member join conversation on conversation.tenant_id = member.tenant_id
          and conversation.id = conversation_id
        where member.tenant_id = app_user.tenant_id and user_id = app_user.id
      ) as added where me_version <> place
    )`.execute(seeded.sql);
  expect(rows).toEqual([]);
});

test('[DM3] An answer names an earlier message of its conversation', async () => {
  const { rows } = await sql<{ answers: number; wrong: number }>`
    select count(*)::int as answers,
      count(*) filter (where answered.seq is null or answered.seq >= message.seq)::int as wrong
    from message left join message as answered on answered.tenant_id = message.tenant_id
      and answered.conversation_id = message.conversation_id and answered.id = message.reply_to
    where message.reply_to is not null`.execute(seeded.sql);
  expect(rows[0]?.wrong).toBe(0);
  expect(rows[0]?.answers).toBeGreaterThan(200);
});

test('[DM3] A seeded message is told from another by what its sender said', async () => {
  const messages = await seeded.sql.selectFrom('message').selectAll().execute();
  const wrong = messages.filter(
    ({ sender_id, kind, body, reply_to, content_hash }) =>
      !content_hash.equals(contentHash({ sender: sender_id, kind, body, replyTo: reply_to })),
  );
  expect(wrong).toEqual([]);
});

test('[DM4] Everybody has read most and not all', async () => {
  for (const { id: user } of demoPeople) {
    const mine = await seeded.sql
      .selectFrom('member')
      .select('conversation_id')
      .where('tenant_id', '=', 'demo')
      .where('user_id', '=', user)
      .execute();
    const ids = mine.map((row) => row.conversation_id);
    const rows = await readConversationRows(seeded.sql, { tenant: 'demo', user }, ids);
    const unread = rows.filter((row) => row.unread > 0);
    expect(rows.length, user).toBeGreaterThanOrEqual(5);
    expect(unread.length, user).toBeGreaterThanOrEqual(1);
    expect(unread.length, user).toBeLessThanOrEqual(rows.length / 2);
  }
});

test('[DM5] The people offered are the people of the tenant, and a token of its key is theirs', async () => {
  const people = await seeded.sql
    .selectFrom('app_user')
    .select(['id', 'name', 'avatar_url'])
    .where('tenant_id', '=', 'demo')
    .execute();
  const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);
  const offered = demoPeople.map(({ id, name, avatar_url }) => ({ id, name, avatar_url }));
  expect(people.sort(byId)).toEqual(offered.sort(byId));
  const keys = keysOf(seeded.db);
  const asked = { tenant: 'demo', user: 'maya', expiresIn: 60, now: wednesday };
  const { token } = await mintToken(keys, asked);
  expect(await verifyToken(keys, token, wednesday)).toMatchObject({ tenant: 'demo', user: 'maya' });
});

test('The seeded messages are those of the content files', async () => {
  const told = demoConversations(wednesday).map(({ messages }) => messages.length);
  const { rows } = await sql<{ messages: number }>`
    select count(*)::int as messages from message group by conversation_id`.execute(seeded.sql);
  expect(rows.map((row) => row.messages).sort()).toEqual(told.sort());
});

test('[DM3] Talking goes on where the seeded history ends', async () => {
  const { db } = seeded;
  const append = new GroupCommit({ db, bus: new MemoryBus(), now, onError: () => {} });
  const { kid, registration } = await seeded.sql
    .selectFrom('signing_key')
    .select(['kid', 'registration'])
    .where('tenant_id', '=', 'demo')
    .executeTakeFirstOrThrow();
  const session = { kid, registration, issuedAt: now() };
  const heads = await seeded.sql
    .selectFrom('conversation')
    .select(['id', 'last_seq', 'version', 'created_by'])
    .where('tenant_id', '=', 'demo')
    .execute();
  await Promise.all(
    heads.map(async ({ id, last_seq, version, created_by }) => {
      const place = { tenant: 'demo', conversation: id, sender: created_by, session };
      const message = { ...place, replyTo: null };
      const sent = await append.send({ ...message, id: newId(), body: 'And now from here.' });
      expect(sent).toMatchObject({ seq: last_seq + 1, version: version + 1 });
    }),
  );
  await append.close();
});

function keysOf(db: Database): SigningKeys {
  return new SigningKeys({ db, secretKey: Buffer.alloc(32, 3), now });
}

async function countOf(database: TestDatabase): Promise<Record<string, number>> {
  const { rows } = await sql<Record<string, number>>`
    select
      (select count(*) from tenant) as tenants,
      (select count(*) from api_key) as api_keys,
      (select count(*) from signing_key) as signing_keys,
      (select count(*) from app_user) as people,
      (select count(*) from conversation) as conversations,
      (select count(*) from member) as members,
      (select count(*) from message) as messages`.execute(database.sql);
  return rows[0] ?? {};
}
