import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import { MemoryBus } from '../bus/memory.ts';
import { createConversation } from '../conversations/create-conversation.ts';
import type { Database } from '../db/database.ts';
import { createTestDatabase, type TestDatabase, withSession } from '../db/testing/test-database.ts';
import type { Session } from '../scope.ts';
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
  const published: BusMessage[] = [];
  bus.onMessage((_, messages) => published.push(...messages));
  const errors: unknown[] = [];
  const append = new GroupCommit({
    db,
    bus,
    now: Date.now,
    onError: (error) => errors.push(error),
  });
  const session = { kid: 'test', registration, issuedAt: Date.now() };
  const scope = { tenant, user: 'ann' };
  const ctx = { scope, session, db: db.of(tenant), bus, append, now: Date.now };
  const converse = async () => {
    const { conversation } = await createConversation(ctx, { kind: 'group', members: ['bob'] });
    bus.subscribe(`${tenant}:conversation:${conversation.id}`);
    return conversation.id;
  };
  const send = (
    conversation: string,
    body: string,
    more: { id?: string; sender?: string; replyTo?: string; session?: Partial<Session> } = {},
  ): Promise<AppendedMessage> =>
    append.send({
      tenant,
      sender: more.sender ?? 'ann',
      session: { ...session, ...more.session },
      conversation,
      id: more.id ?? newId(),
      body,
      replyTo: more.replyTo ?? null,
    });
  return {
    tenant,
    session,
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
    const rows = await database.sql
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
      session: path.session,
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
    await database.sql
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

  it('[GC12] whose access has ended is refused first, whatever they send; the others are stored', async () => {
    await using path = await open();
    const conversation = await path.converse();
    const { tenant, session } = path;
    const { issuedAt } = session;
    const id = newId();
    await path.send(conversation, 'mine', { id, sender: 'bob' });
    const attempts = (sender: string, more: Partial<Session> = {}) => [
      path.send(conversation, 'new', { sender, session: more }),
      path.send(conversation, 'mine', { id, sender, session: more }),
      path.send(conversation, 'other', { id, sender, session: more }),
      path.send(newId(), 'nowhere', { sender, session: more }),
    ];
    const people = database.sql.updateTable('app_user').where('tenant_id', '=', tenant);
    const bob = people.where('id', '=', 'bob');
    const dead = async (sends: Promise<AppendedMessage>[]) => {
      const alive = path.send(conversation, 'alive');
      for (const outcome of await Promise.allSettled(sends)) {
        expect(outcome).toMatchObject({ reason: { code: 'unauthorized' } });
      }
      return (await alive).seq;
    };
    // To the millisecond: what was issued at that very time lives.
    await bob.set({ tokens_valid_from: new Date(issuedAt) }).execute();
    const repeat = path.send(conversation, 'mine', { id, sender: 'bob' });
    await expect(repeat).resolves.toMatchObject({ seq: 1, repeated: true });
    expect(await dead(attempts('bob', { issuedAt: issuedAt - 1 }))).toBe(2);
    await bob.set({ tokens_valid_from: new Date(issuedAt + 1) }).execute();
    expect(await dead(attempts('bob'))).toBe(3);
    await expect(
      path.send(conversation, 'anew', { sender: 'bob', session: { issuedAt: issuedAt + 1 } }),
    ).resolves.toMatchObject({ seq: 4 });
    await bob.set({ tokens_valid_from: null, deactivated_at: new Date() }).execute();
    expect(await dead(attempts('bob'))).toBe(5);
    await bob.set({ deactivated_at: null }).execute();
    expect(await dead(attempts('bob', { kid: 'revoked' }))).toBe(6);
    expect(await dead(attempts('bob', { registration: newId() }))).toBe(7);
    const all = database.sql.updateTable('tenant').where('id', '=', tenant);
    await all.set({ suspended_at: new Date() }).execute();
    await expect(path.send(conversation, 'suspended')).rejects.toMatchObject({
      code: 'unauthorized',
    });
    // Nobody else is touched, in the same group of another tenant either.
    await using other = await open();
    const elsewhere = await other.converse();
    const [gone, stays] = await Promise.allSettled([
      path.send(conversation, 'suspended'),
      path.append.send({
        tenant: other.tenant,
        sender: 'ann',
        session: other.session,
        conversation: elsewhere,
        id: newId(),
        body: 'stays',
        replyTo: null,
      }),
    ]);
    expect([gone.status, stays.status]).toEqual(['rejected', 'fulfilled']);
    await all.set({ suspended_at: null }).execute();
    await expect(path.send(conversation, 'back')).resolves.toMatchObject({ seq: 8 });
  });

  it('[GC13] where one of two blocks the other nothing is stored or told, a repeat neither', async () => {
    await using path = await open();
    const conversation = await path.converse();
    const id = newId();
    await path.send(conversation, 'before', { id });
    const place = database.sql.updateTable('conversation').where('id', '=', conversation);
    await place.set({ kind: 'direct', blocked: true }).execute();
    for (const sender of ['ann', 'bob']) {
      const outcomes = await Promise.allSettled([
        path.send(conversation, 'before', { id, sender }),
        path.send(conversation, 'other', { id, sender }),
        path.send(conversation, 'new', { sender }),
      ]);
      for (const one of outcomes) expect(one).toMatchObject({ reason: { code: 'not_allowed' } });
    }
    await expect(path.send(conversation, 'new', { sender: 'eve' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await place.set({ blocked: false }).execute();
    await expect(path.send(conversation, 'before', { id })).resolves.toMatchObject({ seq: 1 });
    await expect(path.send(conversation, 'after')).resolves.toMatchObject({ seq: 2 });
    expect(path.published).toHaveLength(2);
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
