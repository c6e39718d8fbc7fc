import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import { MemoryBus } from '../bus/memory.ts';
import { createConversation } from '../conversations/create-conversation.ts';
import type { Database } from '../db/database.ts';
import { createTestDatabase, type TestDatabase, withSession } from '../db/testing/test-database.ts';
import type { AppendedMessage } from './append.ts';
import { GroupCommit } from './group-commit.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());

/** Two people in a fresh tenant, an append path of their own, and what it published. */
async function open() {
  const tenant = `t-${newId().slice(-12)}`;
  await db.sql.insertInto('tenant').values({ id: tenant, name: tenant }).execute();
  await db.sql
    .insertInto('app_user')
    .values(['ann', 'bob'].map((id) => ({ tenant_id: tenant, id, name: id })))
    .execute();
  const bus = new MemoryBus();
  const published: BusMessage[] = [];
  bus.onMessage((_, messages) => published.push(...messages));
  const errors: unknown[] = [];
  const append = new GroupCommit({
    db,
    bus,
    now: Date.now,
    onError: (error) => errors.push(error),
  });
  const ctx = { scope: { tenant, user: 'ann' }, db, bus, append, now: Date.now };
  const converse = async () => {
    const { conversation } = await createConversation(ctx, { kind: 'group', members: ['bob'] });
    bus.subscribe(`${tenant}:conversation:${conversation.id}`);
    return conversation.id;
  };
  const send = (
    conversation: string,
    body: string,
    more: { id?: string; sender?: string; replyTo?: string } = {},
  ): Promise<AppendedMessage> =>
    append.send({
      tenant,
      sender: more.sender ?? 'ann',
      conversation,
      id: more.id ?? newId(),
      body,
      replyTo: more.replyTo ?? null,
    });
  return {
    tenant,
    published,
    errors,
    append,
    converse,
    send,
    [Symbol.asyncDispose]: () => append.close(),
  };
}

describe('group commit', () => {
  it('[GC1] numbers messages densely, in the order of arrival, over many conversations', async () => {
    await using path = await open();
    const conversations = await Promise.all([path.converse(), path.converse(), path.converse()]);
    const sends = Array.from({ length: 900 }, (_, i) => ({
      conversation: conversations[i % 3] ?? '',
      body: `${i}`,
    }));
    const answers = await Promise.all(sends.map((one) => path.send(one.conversation, one.body)));
    answers.forEach((answer, i) => {
      expect(answer).toMatchObject({
        seq: Math.floor(i / 3) + 1,
        version: Math.floor(i / 3) + 2,
        repeated: false,
      });
    });
    const rows = await db.sql
      .selectFrom('message')
      .select(['body', 'seq', 'version', 'created_version'])
      .where('tenant_id', '=', path.tenant)
      .where('conversation_id', '=', conversations[1] ?? '')
      .orderBy('seq')
      .execute();
    expect(rows.map((row) => row.body)).toEqual(
      Array.from({ length: 300 }, (_, i) => `${i * 3 + 1}`),
    );
    expect(path.published).toHaveLength(900);
  });

  it('[GC2] a repeat in the same group, a later group or another process is the stored one', async () => {
    await using path = await open();
    await using other = await open();
    const conversation = await path.converse();
    const id = newId();
    const together = await Promise.all(
      Array.from({ length: 5 }, () => path.send(conversation, 'once', { id })),
    );
    const later = await path.send(conversation, 'once', { id });
    const elsewhere = await other.append.send({
      tenant: path.tenant,
      sender: 'ann',
      conversation,
      id,
      body: 'once',
      replyTo: null,
    });
    for (const answer of [...together, later, elsewhere]) expect(answer).toMatchObject({ seq: 1 });
    expect([...together, later].filter((one) => !one.repeated)).toHaveLength(1);
    expect(path.published).toHaveLength(1);
    await path.send(conversation, 'next').then((next) => expect(next.seq).toBe(2));
  });

  it('[GC3] the same id with other content, sender or quote is refused; no number is used up', async () => {
    await using path = await open();
    const conversation = await path.converse();
    const id = newId();
    const first = await path.send(conversation, 'mine', { id });
    for (const other of [
      path.send(conversation, 'other', { id }),
      path.send(conversation, 'mine', { id, sender: 'bob' }),
      path.send(conversation, 'mine', { id, replyTo: id }),
    ]) {
      await expect(other).rejects.toMatchObject({ code: 'id_reused' });
    }
    expect((await path.send(conversation, 'next')).seq).toBe(first.seq + 1);
  });

  it('[GC4] a stranger gets not_found, even for a repeat, and leaves no hole', async () => {
    await using path = await open();
    const conversation = await path.converse();
    const id = newId();
    await path.send(conversation, 'hers', { id, sender: 'bob' });
    await db.sql
      .updateTable('member')
      .set({ left_at: new Date() })
      .where('tenant_id', '=', path.tenant)
      .where('conversation_id', '=', conversation)
      .where('user_id', '=', 'bob')
      .execute();
    const outcomes = await Promise.allSettled([
      path.send(conversation, 'hers', { id, sender: 'bob' }),
      path.send(conversation, 'new', { sender: 'bob' }),
      path.send(conversation, 'invented person', { sender: 'zed' }),
      path.send(newId(), 'invented conversation'),
      path.send(conversation, 'fine'),
    ]);
    for (const one of outcomes.slice(0, 4)) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
    }
    expect(outcomes[4]).toMatchObject({ status: 'fulfilled', value: { seq: 2 } });
  });

  it('[GC5] a conversation held elsewhere waits, in order, while others go on', async () => {
    await using path = await open();
    const held = await path.converse();
    const free = await path.converse();
    await withSession(database.address, async (session) => {
      await session.query('begin');
      await session.query(
        'select from conversation where tenant_id = $1 and id = $2 for no key update',
        [path.tenant, held],
      );
      let heldDone = false;
      const waiting = [1, 2, 3].map((n) => path.send(held, `${n}`));
      void Promise.all(waiting).then(() => {
        heldDone = true;
      });
      for (let i = 1; i <= 20; i++) expect((await path.send(free, `${i}`)).seq).toBe(i);
      expect(heldDone).toBe(false);
      await session.query('commit');
      expect((await Promise.all(waiting)).map((one) => one.seq)).toEqual([1, 2, 3]);
    });
  });

  it('[GC6] gives a message back as unavailable when its conversation stays held', async () => {
    await using path = await open();
    const held = await path.converse();
    await withSession(database.address, async (session) => {
      await session.query('begin');
      await session.query(
        'select from conversation where tenant_id = $1 and id = $2 for no key update',
        [path.tenant, held],
      );
      await expect(path.send(held, 'late')).rejects.toMatchObject({
        code: 'unavailable',
        retryable: true,
      });
      await session.query('rollback');
    });
    expect((await path.send(held, 'again')).seq).toBe(1);
  });

  it('[GC7] one row that the database refuses fails alone', async () => {
    await using path = await open();
    const conversation = await path.converse();
    const outcomes = await Promise.allSettled([
      path.send(conversation, 'one'),
      // Parsing refuses U+0000 at the edge: this stands for whatever else it might let through.
      path.send(conversation, 'two\u0000'),
      path.send(conversation, 'three'),
    ]);
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'bad_request' } });
    expect(outcomes[2]).toMatchObject({ value: { seq: 2, version: 3 } });
    expect(path.errors).not.toHaveLength(0);
  });

  it('[GC8] a lost database connection is unavailable, and what was stored is found by a repeat', async () => {
    await using path = await open();
    const conversation = await path.converse();
    await path.send(conversation, 'before');
    const sends = Array.from({ length: 200 }, (_, i) => ({ id: newId(), body: `${i}` }));
    await withSession(database.address, async (session) => {
      const kill = () =>
        session.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
      const outcomes = Promise.allSettled(
        sends.map((one) => path.send(conversation, one.body, { id: one.id })),
      );
      await kill();
      for (const one of await outcomes) {
        if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'unavailable' });
      }
    });
    const repeated: AppendedMessage[] = [];
    for (const one of sends) {
      repeated.push(await retried(() => path.send(conversation, one.body, { id: one.id })));
    }
    expect(repeated.map((one) => one.seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 2),
    );
  });

  it('[GC9] one may reply to a message of the same group, not to one elsewhere', async () => {
    await using path = await open();
    const conversation = await path.converse();
    const elsewhere = await path.converse();
    const id = newId();
    const foreign = newId();
    await path.send(elsewhere, 'elsewhere', { id: foreign });
    const outcomes = await Promise.allSettled([
      path.send(conversation, 'question', { id }),
      path.send(conversation, 'answer', { replyTo: id }),
      path.send(conversation, 'answer', { replyTo: foreign }),
    ]);
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'not_found', field: 'message.reply_to' } });
  });

  it('[GC10] finishes what it has before it closes, and takes no more', async () => {
    const path = await open();
    const conversation = await path.converse();
    const sends = [1, 2, 3].map((n) => path.send(conversation, `${n}`));
    await path.append.close();
    expect((await Promise.all(sends)).map((one) => one.seq)).toEqual([1, 2, 3]);
    await expect(path.send(conversation, 'late')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

/** The same send until the database is back. */
async function retried<T>(send: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await send();
    } catch (error) {
      if (tries >= 20) throw error;
    }
  }
}
