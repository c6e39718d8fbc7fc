import { newId } from '@parley/protocol';
import { expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { createConversation } from '../conversations/create-conversation.ts';
import type { Database } from '../db/database.ts';
import { openDatabase } from '../db/postgres/open-database.ts';
import { openMuteProxy } from '../db/testing/mute-proxy.ts';
import { createTestDatabase, type TestDatabase, withSession } from '../db/testing/test-database.ts';
import { GroupCommit } from './group-commit.ts';

/** Longer than anybody waits for an answer, and what a busy machine adds. */
const answerMs = 10_000;

/** An append path on this database, and two people of a new tenant who write by it. */
async function open(database: TestDatabase, db: Database = database.db) {
  const tenant = `t-${newId().slice(-12)}`;
  const registration = newId();
  await database.sql.insertInto('tenant').values({ id: tenant, name: tenant }).execute();
  await database.sql
    .insertInto('app_user')
    .values(['ann', 'bob'].map((id) => ({ tenant_id: tenant, id, name: id })))
    .execute();
  await database.sql
    .insertInto('signing_key')
    .values({
      tenant_id: tenant,
      kid: 'test',
      algorithm: 'HS256',
      secret: Buffer.alloc(1),
      registration,
    })
    .execute();
  const bus = new MemoryBus();
  const errors: unknown[] = [];
  const append = new GroupCommit({
    db,
    bus,
    now: Date.now,
    onError: (error) => errors.push(error),
  });
  const session = { kid: 'test', registration, issuedAt: Date.now() };
  const scope = { tenant, user: 'ann' };
  const ctx = { scope, session, db: database.db.of(tenant), bus, append, now: Date.now };
  return {
    tenant,
    errors,
    converse: async () =>
      (await createConversation(ctx, { kind: 'group', members: ['bob'] })).conversation.id,
    send: (conversation: string, more: { id?: string; sender?: string } = {}) =>
      append.send({
        tenant,
        sender: more.sender ?? 'ann',
        session,
        conversation,
        id: more.id ?? newId(),
        body: 'text',
        replyTo: null,
      }),
    [Symbol.asyncDispose]: () => append.close(),
  };
}

const hold = 'select from conversation where tenant_id = $1 and id = $2 for no key update';

test('[BP1] on a line that went dead every send is answered in time, and a repeat finds what was stored', async () => {
  await using database = await createTestDatabase();
  await using proxy = await openMuteProxy(database.address);
  const db = await openDatabase(proxy.address);
  {
    await using path = await open(database, db);
    const conversation = await path.converse();
    await path.send(conversation);
    proxy.mute();
    const began = performance.now();
    const ids = Array.from({ length: 50 }, () => newId());
    const outcomes = await Promise.allSettled(ids.map((id) => path.send(conversation, { id })));
    expect(performance.now() - began).toBeLessThan(answerMs);
    for (const one of outcomes) {
      expect(one).toMatchObject({
        status: 'rejected',
        reason: { code: 'unavailable', retryable: true, retryAfterMs: 1_000 },
      });
    }
    proxy.heal();
    const repeat = (id: string) =>
      path.send(conversation, { id }).then(
        ({ seq }) => seq,
        () => 0,
      );
    const [first = ''] = ids;
    await expect.poll(() => repeat(first), { timeout: answerMs }).toBeGreaterThan(1);
    const seqs = await Promise.all(ids.map(repeat));
    expect(seqs.toSorted((a, b) => a - b)).toEqual(ids.map((_, n) => n + 2));
  }
  await db.close();
});

test('[BP2] while there is no database sends wait for it, and are stored when it is back', async () => {
  await using database = await createTestDatabase();
  let isAway = false;
  const db: Database = {
    of: (tenant) => database.db.of(tenant),
    core: database.db.core,
    openPipeline: async () => {
      if (isAway) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      return database.db.openPipeline();
    },
    close: async () => {},
  };
  await using path = await open(database, db);
  const conversation = await path.converse();
  await path.send(conversation);
  isAway = true;
  await withSession(database.address, (session) =>
    session.query(`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and application_name = 'parley pipeline'`),
  );
  await expect.poll(() => path.errors.length === 0).toBe(true);
  const waiting = Array.from({ length: 20 }, () => path.send(conversation));
  await expect.poll(() => path.errors.length).toBeGreaterThan(2);
  isAway = false;
  const stored = await Promise.all(waiting);
  expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
});

test('[BP3] a conversation that is held is in nobody’s way, however much waits for it', async () => {
  await using database = await createTestDatabase();
  await using path = await open(database);
  const [held, free] = [await path.converse(), await path.converse()];
  await withSession(database.address, async (session) => {
    await session.query('begin');
    await session.query(hold, [path.tenant, held]);
    // More than a group takes, of one tenant.
    const waiting = Array.from({ length: 1_200 }, () => path.send(held));
    const others = await Promise.all(Array.from({ length: 50 }, () => path.send(free)));
    expect(others.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    await session.query('commit');
    const seqs = (await Promise.all(waiting)).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 1_200 }, (_, n) => n + 1));
  });
});

test('[BP4] where a row that a message needs is locked, that message waits, and no other', async () => {
  await using database = await createTestDatabase();
  await using path = await open(database);
  const [hers, his] = [await path.converse(), await path.converse()];
  await withSession(database.address, async (session) => {
    await session.query('begin');
    const lock = 'select from app_user where tenant_id = $1 and id = $2 for update';
    await session.query(lock, [path.tenant, 'ann']);
    const waiting = [path.send(hers), path.send(hers)];
    const others = Array.from({ length: 5 }, () => path.send(his, { sender: 'bob' }));
    expect((await Promise.all(others)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    await session.query('rollback');
    expect((await Promise.all(waiting)).map(({ seq }) => seq)).toEqual([1, 2]);
  });
});

test('[BP14] when a lock on a whole table is gone, what waited for it is stored soon', async () => {
  await using database = await createTestDatabase();
  await using path = await open(database);
  const conversations = await Promise.all(Array.from({ length: 20 }, () => path.converse()));
  await withSession(database.address, async (session) => {
    await session.query('begin');
    await session.query('lock table message in access exclusive mode');
    const waiting = conversations.map((conversation) => path.send(conversation));
    await expect.poll(() => path.errors.length, { timeout: 10_000 }).toBeGreaterThan(8);
    await session.query('rollback');
    const began = performance.now();
    await Promise.all(waiting);
    expect(performance.now() - began).toBeLessThan(2_500);
  });
});
