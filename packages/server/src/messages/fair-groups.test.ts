import { newId, ParleyError } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { createConversation } from '../conversations/create-conversation.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import { bounds } from '../limits/bounds.ts';
import { GroupCommit } from './group-commit.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** An append path, and people of several tenants who send by it. */
function openAppend() {
  const { db } = database;
  const bus = new MemoryBus();
  const groups: number[] = [];
  const append = new GroupCommit({
    db,
    bus,
    now: Date.now,
    onError: () => {},
    onGroup: (size) => groups.push(size),
  });
  const registration = newId();
  const session = { kid: 'test', registration, issuedAt: Date.now() };
  const sender = async () => {
    const tenant = `t-${newId().slice(-12)}`;
    const { sql } = database;
    await sql.insertInto('tenant').values({ id: tenant, name: tenant }).execute();
    await sql
      .insertInto('app_user')
      .values({ tenant_id: tenant, id: 'ann', name: 'Ann' })
      .execute();
    await sql
      .insertInto('signing_key')
      .values({
        tenant_id: tenant,
        kid: 'test',
        algorithm: 'HS256',
        secret: Buffer.alloc(1),
        registration,
      })
      .execute();
    const scope = { tenant, user: 'ann' };
    const ctx = { scope, session, db: db.of(tenant), bus, append, now: Date.now };
    const { conversation } = await createConversation(ctx, { kind: 'group', members: [] });
    return (body = 'text') =>
      append.send({
        tenant,
        sender: 'ann',
        session,
        conversation: conversation.id,
        id: newId(),
        body,
        replyTo: null,
      });
  };
  return { append, groups, sender };
}

describe('groups of several tenants', () => {
  it('[LI12] who sends thousands delays another by its share of a group', async () => {
    const { append, sender, groups } = openAppend();
    const [noisy, quiet] = [await sender(), await sender()];
    let stored = 0;
    const flood = Array.from({ length: 5_000 }, () => noisy().then(() => stored++));
    await flood[0];
    const before = stored;
    const { seq } = await quiet();
    expect(seq).toBe(1);
    // What was under way when it came, and its own group; first come, first served, all 5,000.
    expect(stored - before).toBeLessThan(1_000);
    const groupsBefore = groups.length;
    await Promise.all(flood);
    // As long as others are there, one tenant's groups stay small.
    expect(Math.max(...groups.slice(groupsBefore, groupsBefore + 5))).toBeLessThanOrEqual(251);
    await append.close();
  });

  it('[LI12] the queue of a tenant that floods is full for that tenant alone', async () => {
    const { append, sender } = openAppend();
    const [noisy, quiet] = [await sender(), await sender()];
    const flood = Array.from({ length: bounds.sendsWaitingPerTenant + 50 }, () => noisy());
    const late = Promise.all([quiet(), quiet()]);
    const outcomes = await Promise.allSettled(flood);
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(50);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(ParleyError);
      expect(reason).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    }
    expect(await late).toMatchObject([{ seq: 1 }, { seq: 2 }]);
    await append.close();
  });

  it('[LI12] so is one of long texts', async () => {
    const { append, sender } = openAppend();
    const [noisy, quiet] = [await sender(), await sender()];
    const body = 'x'.repeat(10_000);
    const fits = Math.ceil(bounds.sendCharactersPerTenant / body.length);
    const flood = Promise.allSettled(Array.from({ length: fits + 5 }, () => noisy(body)));
    const other = quiet();
    const refused = (await flood).filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(5);
    expect(await other).toMatchObject({ seq: 1 });
    await append.close();
  });
});
